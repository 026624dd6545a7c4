"""Arguments as percent-encoded text in a URL, and back.

Invariant: pure. A sequence is one comma-separated value, so no item may be empty or have a comma in it; nothing is left
for another layer to quote.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, get_args, get_origin
from urllib.parse import quote

from mi_async._core.annotations import bare
from mi_async.errors import InvalidArgumentError

# What JSON bodies can hold too: a signed or an unsigned 64-bit integer.
MIN_INTEGER, MAX_INTEGER = -(2**63), 2**64 - 1
BEYOND = "beyond 64 bits"
INTEGER = re.compile(r"-?[0-9]{1,20}")
COMMA = re.compile(",|%2C")


def path_segment(name: str, value: Any) -> str:
    """Return one segment of a path; what would change the path's meaning is refused."""
    if value.__class__ is int and 0 <= value <= MAX_INTEGER:
        return str(value)  # nearly always, and half of the cost of a target otherwise
    text = _quoted(value) if value.__class__ is str and value.isascii() else to_text(name, value)
    if text in {"", ".", ".."}:
        message = f"{name} {value!r} cannot be part of a path"
        raise InvalidArgumentError(message)
    return text


def to_text(name: str, value: Any) -> str:
    """Return an argument as percent-encoded text; a sequence is one comma-separated value."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            if not MIN_INTEGER <= value <= MAX_INTEGER:
                message = f"{name} is {BEYOND}"
                raise InvalidArgumentError(message)
            return str(value)
        case str():
            try:
                return _quoted(value)
            except UnicodeEncodeError:
                message = f"{name} is not valid Unicode text"
                raise InvalidArgumentError(message) from None
        case Sequence() if not isinstance(value, bytes | bytearray | memoryview):
            return ",".join([_item(name, item) for item in value])
        case _:
            message = f"{name}: a {type(value).__name__} cannot be sent in a URL"
            raise InvalidArgumentError(message)


@lru_cache(maxsize=256)
def _quoted(text: str) -> str:
    """Percent-encode; remembered, since the name of the workspace is in every call."""
    return quote(text, safe="")


def _item(name: str, value: Any) -> str:
    text = to_text(name, value)
    # A server splits after decoding, so that an encoded comma would part the item too.
    if not text or COMMA.search(text):
        message = f"{name}: {value!r} cannot be one of several values in a URL: it is empty or has a comma"
        raise InvalidArgumentError(message)
    return text


def from_text(text: str, kind: Any) -> Any:
    """Return the plain value of a text from a path or query, or the text itself for structuring to complain about."""
    kind = bare(kind)
    if isinstance(get_origin(kind), type) and issubclass(get_origin(kind), Sequence):
        return [from_text(item, get_args(kind)[0]) for item in text.split(",")] if text else []
    if kind is bool:
        return {"true": True, "false": False}.get(text, text)
    if kind is int and INTEGER.fullmatch(text) and MIN_INTEGER <= int(text) <= MAX_INTEGER:
        return int(text)
    return text
