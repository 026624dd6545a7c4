"""API gateway signature v2: sign on the client, verify in the emulator.

Invariant: pure; no I/O, no clock. The signed string is ``METHOD SP target LF timestamp LF access-key``; the target is
the percent-encoded path and query exactly as sent. Host and body are not signed. Source: the API gateway's
authentication page; vectors in tests/_core/test_signing.py.
"""

import hmac
import re
from binascii import b2a_base64
from collections.abc import Mapping
from enum import Enum

from multidict import istr

from mi_async._core.http_messages import Request
from mi_async.credentials import Credentials

# istr: aiohttp looks a header up by its name in lower case, and such a text remembers its own
TIMESTAMP: str = istr("x-ncp-apigw-timestamp")
ACCESS_KEY: str = istr("x-ncp-iam-access-key")
SIGNATURE: str = istr("x-ncp-apigw-signature-v2")

EPOCH_MS = re.compile(r"[0-9]{1,15}")

MAX_SKEW = 300.0
"""Seconds: a timestamp that is off by this much or more is rejected."""


def signature(request: Request, timestamp: str, credentials: Credentials) -> str:
    """Return the signature of a request: base64 of HMAC-SHA256.

    Args:
        request: its method and target are signed.
        timestamp: milliseconds since the epoch, in decimal.
        credentials: the access key is signed, the secret key signs.
    """
    message = f"{request.method} {request.target}\n{timestamp}\n{credentials.access_key}"
    return b2a_base64(credentials.authenticate(message.encode()), newline=False).decode("ascii")


class SignedHeaders(dict[str, str]):
    """Headers with a signature, whose repr names them only: reports of errors may show the values of variables."""

    def __repr__(self) -> str:
        """Name the headers."""
        return f"<headers {', '.join(self)}>"


def sign(request: Request, credentials: Credentials, now: float) -> SignedHeaders:
    """Return headers that authenticate a request sent at ``now`` (seconds since the epoch, by the service's clock)."""
    timestamp = str(int(now * 1000))
    headers = SignedHeaders()
    headers[TIMESTAMP] = timestamp
    headers[ACCESS_KEY] = credentials.access_key
    headers[SIGNATURE] = signature(request, timestamp, credentials)
    return headers


class Verdict(Enum):
    """The result of a verification."""

    OK = "ok"
    MISSING = "a signature header is missing"
    UNKNOWN_KEY = "the access key is unknown"
    SKEWED = "the timestamp is five minutes off or more"
    MISMATCH = "the signature does not match"


def verify(request: Request, headers: Mapping[str, str], credentials: Credentials, now: float) -> Verdict:
    """Verify a signed request as the gateway does.

    Args:
        request: as received; the target undecoded.
        headers: received headers, by lower-case name or case-insensitive.
        credentials: the one key pair that is valid.
        now: seconds since the epoch by the verifier's clock.
    """
    timestamp, access_key, given = headers.get(TIMESTAMP), headers.get(ACCESS_KEY), headers.get(SIGNATURE)
    if timestamp is None or access_key is None or given is None:
        return Verdict.MISSING
    if access_key != credentials.access_key:
        return Verdict.UNKNOWN_KEY
    if not EPOCH_MS.fullmatch(timestamp) or abs(now - int(timestamp) / 1000) >= MAX_SKEW:
        return Verdict.SKEWED
    if not (request.target.isascii() and given.isascii()):  # neither was sent by anyone who signs
        return Verdict.MISMATCH
    matches = hmac.compare_digest(signature(request, timestamp, credentials), given)
    return Verdict.OK if matches else Verdict.MISMATCH
