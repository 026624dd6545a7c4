"""Members of the service's answers as a backup keeps them: all of them, without presigned URLs.

Invariant: pure. A presigned URL is a secret while it is good, and it is another one in each answer, so that nothing
would ever be unchanged; where it points to is kept.
"""

import re
from collections.abc import Mapping
from typing import Any

from mi_async.models import Json

URL = re.compile(r"(https?://[^\s?#\"'<>]+)\?([^\s\"'<>]*)", re.IGNORECASE)
SIGNED = re.compile(
    r"(^|[&;_-])(x-amz-|x-ncp-|awsaccesskeyid|signature|sig=|expires|credential|token|auth|key|policy)", re.IGNORECASE
)
"""Parameters of URLs that are signed, or that hold a key."""


def without_secrets(value: Json) -> Json:
    """Return a JSON value without the queries of presigned URLs in its texts."""
    if isinstance(value, str):
        return URL.sub(_cut, value) if "://" in value and "?" in value else value
    if isinstance(value, Mapping):
        return {name: without_secrets(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [without_secrets(member) for member in value]
    return value


def _cut(found: "re.Match[str]") -> str:
    # A text that is a URL and nothing else is where services put presigned ones, whatever their parameters are called.
    is_whole = found.start() == 0 and found.end() == len(found.string)
    return found[1] if is_whole or SIGNED.search(found[2]) else found[0]


def kept(extra: Mapping[str, Any]) -> dict[str, Any]:
    """Return members that a model does not name, as a backup keeps them."""
    members: dict[str, Any] = without_secrets(dict(extra))
    return members
