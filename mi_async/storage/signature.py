"""AWS signature version 4 of a request to Object Storage, at a time that the caller names.

Invariant: pure; no I/O, no clock. botocore signs by the clock of this machine alone, which may be wrong; so the time is
an argument here. Method, path and query are signed exactly as they are sent.
Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

from mi_async._core.http_messages import Request
from mi_async._core.signing import SignedHeaders
from mi_async.credentials import Credentials

UNSIGNED = "UNSIGNED-PAYLOAD"
"""Says that the body is not covered: its Content-MD5 is, and hashing it twice would cost too much."""
ALGORITHM = "AWS4-HMAC-SHA256"
PORTS = {"http": 80, "https": 443}
SIGNED = frozenset({"host", "content-md5", "content-type", "range"})
"""Headers that are signed, beside all of ``x-amz-``; a proxy may change others."""


def sign(request: Request, headers: Mapping[str, str], *, keys: Credentials, region: str, now: float) -> SignedHeaders:
    """Return the headers that authenticate a request.

    Args:
        request: its target is the whole URL, percent-encoded, as it is sent; a body of None is left unsigned.
        headers: that go along.
        keys: of the account.
        region: of the storage.
        now: seconds since the epoch, by the storage's clock.
    """
    moment = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
    payload = UNSIGNED if request.body is None else hashlib.sha256(request.body).hexdigest()
    added = {"X-Amz-Date": moment, "X-Amz-Content-SHA256": payload}
    given = {name.lower(): " ".join(value.split()) for name, value in {**headers, **added}.items()}
    given["host"] = _host(request.target)
    signed = {name: given[name] for name in sorted(given) if name in SIGNED or name.startswith("x-amz-")}
    scope = f"{moment[:8]}/{region}/s3/aws4_request"
    digest = hashlib.sha256(_canonical(request, signed, payload).encode()).hexdigest()
    signed_text = f"{ALGORITHM}\n{moment}\n{scope}\n{digest}"
    signature = hmac.new(_key(keys.secret_key, scope), signed_text.encode(), hashlib.sha256)
    added["Authorization"] = (
        f"{ALGORITHM} Credential={keys.access_key}/{scope}, "
        f"SignedHeaders={';'.join(signed)}, Signature={signature.hexdigest()}"
    )
    return SignedHeaders(added)


def _canonical(request: Request, signed: Mapping[str, str], payload: str) -> str:
    parts = urlsplit(request.target)
    pairs = sorted(pair.partition("=")[::2] for pair in parts.query.split("&") if pair)
    query = "&".join(f"{name}={value}" for name, value in pairs)
    lines = [f"{name}:{value}" for name, value in signed.items()]
    return "\n".join([request.method, parts.path or "/", query, *lines, "", ";".join(signed), payload])


def _host(url: str) -> str:
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    return host if parts.port in {None, PORTS.get(parts.scheme)} else f"{host}:{parts.port}"


def _key(secret: str, scope: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for word in scope.split("/"):
        key = hmac.new(key, word.encode(), hashlib.sha256).digest()
    return key
