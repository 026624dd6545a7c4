"""Presigned URLs, as an S3-type storage makes and checks them.

Law: pure but for the secret, which is drawn once. The URL is signed as text: a client that re-encodes it breaks it.
"""

import hashlib
import hmac
import secrets
from datetime import UTC, datetime
from urllib.parse import quote

from attrs import Factory, define, field

PREFIX = "/storage/thumbnails/"
SIGNATURE = "&X-Amz-Signature="


@define(eq=False)
class Links:
    """Makes and checks presigned URLs.

    Attributes:
        base_url: scheme, host and port of the storage.
    """

    base_url: str = ""
    _secret: bytes = field(init=False, repr=False, default=Factory(lambda: secrets.token_bytes(32)))

    def issue(self, method: str, key: str, wall: float, lifetime: float) -> str:
        """A URL for one method on one key."""
        stamp = datetime.fromtimestamp(wall, UTC).strftime("%Y%m%dT%H%M%SZ")
        credential = quote(f"EMULATOR/{stamp[:8]}/kr-standard/s3/aws4_request", safe="")
        target = (
            f"{PREFIX}{quote(key)}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={credential}"
            f"&X-Amz-Date={stamp}&X-Amz-Expires={lifetime:.0f}&X-Amz-SignedHeaders=host"
        )
        return f"{self.base_url}{target}{SIGNATURE}{self._sign(method, target)}"

    def genuine(self, method: str, target: str) -> bool:
        """Whether a target, exactly as received, was issued here for the method."""
        head, _, given = target.rpartition(SIGNATURE)
        return hmac.compare_digest(self._sign(method, head).encode(), given.encode("utf-8", "surrogateescape"))

    def _sign(self, method: str, target: str) -> str:
        return hmac.new(
            self._secret, f"{method}\n{target}".encode("utf-8", "surrogateescape"), hashlib.sha256
        ).hexdigest()
