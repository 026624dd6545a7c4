"""Presigned URLs, as an S3-type storage makes and checks them.

Invariant: pure but for the secret, which is drawn once. What is signed is the canonical form of the target, as SigV4
has it: ``%2F`` and ``/`` are the same, and so is any order of the query.
"""

import hashlib
import hmac
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, unquote_to_bytes, urlsplit

from attrs import Factory, define, field

PREFIX = "/storage/thumbnails/"
SIGNATURE = "X-Amz-Signature"
STAMP = "%Y%m%dT%H%M%SZ"
_asked: ContextVar[str] = ContextVar("asked", default="")


@contextmanager
def reached_at(address: str) -> Generator[None]:
    """Make the URLs of one request begin with the address by which its client reached the server."""
    token = _asked.set(address)
    try:
        yield
    finally:
        _asked.reset(token)


@define(eq=False)
class Links:
    """Makes and checks presigned URLs.

    Attributes:
        base_url: scheme, host and port of the storage, where a request does not say how it was reached.
        key: what signs the URLs; it opens nothing but them.
    """

    base_url: str = ""
    key: bytes = field(init=False, repr=False, default=Factory(lambda: secrets.token_bytes(32)))

    @property
    def address(self) -> str:
        """Scheme, host and port by which the client of the current request reaches the server."""
        return _asked.get() or self.base_url

    def issue(self, method: str, key: str, wall: float, lifetime: float) -> str:
        """Return a URL for one method on one key."""
        stamp = datetime.fromtimestamp(wall, UTC).strftime(STAMP)
        credential = quote(f"EMULATOR/{stamp[:8]}/kr-standard/s3/aws4_request", safe="")
        target = (
            f"{PREFIX}{quote(key)}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={credential}"
            f"&X-Amz-Date={stamp}&X-Amz-Expires={lifetime:.0f}&X-Amz-SignedHeaders=host"
        )
        return f"{self.address}{target}&{SIGNATURE}={self._sign(method, _canonical(target)[0])}"

    def genuine(self, method: str, target: str) -> bool:
        """Return True if a target as received was issued here for the method, however it is spelled."""
        canonical, given = _canonical(target)
        return hmac.compare_digest(self._sign(method, canonical), given)

    def _sign(self, method: str, canonical: str) -> str:
        return hmac.new(self.key, f"{method}\n{canonical}".encode(), hashlib.sha256).hexdigest()


def expired(target: str, wall: float) -> bool:
    """Return True if the time of a genuine target has passed."""
    query = dict(parse_qsl(urlsplit(target).query))
    issued = datetime.strptime(query["X-Amz-Date"], STAMP).replace(tzinfo=UTC).timestamp()
    return wall >= issued + float(query["X-Amz-Expires"])


def _canonical(target: str) -> tuple[str, str]:
    """Return path and sorted query with one spelling of every character, and the signature that stood among them."""
    path, _, query = target.partition("?")
    pairs = []
    given = ""
    for pair in query.split("&") if query else ():
        name, _, value = (_spelled(text) for text in pair.partition("="))
        if name == SIGNATURE:
            given = value
        else:
            pairs.append(f"{name}={value}")
    return f"{_spelled(path, '/')}\n{'&'.join(sorted(pairs))}", given


def _spelled(text: str, safe: str = "") -> str:
    return quote(unquote_to_bytes(text.encode("utf-8", "surrogateescape")), safe=safe)
