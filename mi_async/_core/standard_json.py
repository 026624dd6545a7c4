"""JSON by the standard library, as orjson reads and writes it.

Invariant: pure; what orjson refuses is refused, so that a program does not depend on which of the two is installed.
The text of a number may differ (``1e+16`` for ``1e16``), and so may the words of an error; its class does not.
"""

import json
import math
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from enum import Enum
from typing import Any, NoReturn
from uuid import UUID

from mi_async._core.names import is_unicode

INDENTED, LINE = 1, 1024
"""Options: two spaces for each level, and a line feed at the end; orjson's numbers."""
MOST_DEPTH = 1024
"""Arrays and objects inside each other that are read."""
MOST_WRITTEN = 254
"""The same when writing; beyond, it may be a circle."""
LEAST, MOST = -(2**63), 2**64 - 1
"""Integers of 64 bits, with and without a sign."""
TEXT = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def loads(body: bytes | bytearray | memoryview | str) -> Any:
    """Read JSON in UTF-8.

    Raises:
        json.JSONDecodeError: it is none.
    """
    try:
        text = body if isinstance(body, str) else bytes(body).decode()
    except UnicodeDecodeError as error:
        _refuse("str is not valid UTF-8: surrogates not allowed", "", error.start)
    if text.count("[") + text.count("{") > MOST_DEPTH and _depth(text.encode(errors="replace")) > MOST_DEPTH:
        _refuse("Recursion limit reached", text, 0)
    try:
        value = json.loads(text, parse_constant=_refuse_constant, parse_int=_integer, parse_float=_float)
    except (OverflowError, RecursionError) as error:
        _refuse(str(error), text, 0)
    if SURROGATE.search(text) and not all(map(is_unicode, _texts(value))):
        _refuse("lone surrogate in string", text, 0)
    return value


def _refuse(message: str, text: str, position: int) -> NoReturn:
    raise json.JSONDecodeError(message, text, position) from None


def _refuse_constant(name: str) -> NoReturn:
    message = f"unexpected {name}"
    raise OverflowError(message)


def _integer(text: str) -> int | float:
    """Return an integer of 64 bits; one beyond is a float."""
    if len(text) <= 20:  # noqa: PLR2004  digits of the largest, with its sign
        value = int(text)
        if LEAST <= value <= MOST:
            return value
    return _float(text)


def _float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        message = "number is infinity when parsed as double"
        raise OverflowError(message)
    return value


def _depth(body: bytes) -> int:
    """Return how many arrays and objects are inside each other at most."""
    depth = most = 0
    for byte in TEXT.sub(b"", body):
        if byte in b"[{":
            depth += 1
            most = max(most, depth)
        elif byte in b"]}":
            depth -= 1
    return most


def _texts(value: Any) -> Iterator[str]:
    """Yield every text of a value, names of members included."""
    rest = [value]
    while rest:
        each = rest.pop()
        if isinstance(each, str):
            yield each
        elif isinstance(each, dict):
            rest += each.keys()
            rest += each.values()
        elif isinstance(each, list):
            rest += each


def dumps(value: object, default: Callable[[Any], Any] | None = None, option: int | None = None) -> bytes:
    """Write JSON in UTF-8, without spaces.

    Raises:
        TypeError: a value has no JSON form.
    """
    indented = bool((option or 0) & INDENTED)
    plain = _plain(value, default, 0)
    text = json.dumps(
        plain,
        indent=2 if indented else None,
        separators=None if indented else (",", ":"),
        ensure_ascii=False,
        check_circular=False,
    )
    return text.encode() + (b"\n" if (option or 0) & LINE else b"")


def _plain(value: Any, default: Callable[[Any], Any] | None, depth: int) -> Any:
    """Return what the standard library writes as orjson would."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Enum):
        return _plain(value.value, default, depth)
    if (scalar := _SCALARS.get(type(value)) or _of_subclass(value)) is not None:
        return scalar(value)
    return _plain_members(value, default, depth)


def _plain_members(value: Any, default: Callable[[Any], Any] | None, depth: int) -> Any:
    if depth >= MOST_WRITTEN:
        message = "Recursion limit reached"
        raise TypeError(message)
    if isinstance(value, dict):
        return {_key(name): _plain(member, default, depth + 1) for name, member in value.items()}
    if isinstance(value, list) or type(value) is tuple:
        return [_plain(member, default, depth + 1) for member in value]
    return _by_default(value, default, depth)


def _of_subclass(value: object) -> Callable[[Any], object] | None:
    """Return what writes a value of a subclass of a scalar, None for any other; of a float none: numpy's is one."""
    return next((scalar for kind, scalar in _SCALARS.items() if kind is not float and isinstance(value, kind)), None)


def _unwritable(value: Any, cause: Exception | None = None) -> NoReturn:
    message = f"Type is not JSON serializable: {type(value).__qualname__}"
    raise TypeError(message) from cause


def _by_default(value: Any, default: Callable[[Any], Any] | None, depth: int) -> Any:
    if default is None:
        _unwritable(value)
    try:
        plain = default(value)
    except Exception as error:  # noqa: BLE001  as orjson does
        _unwritable(value, error)
    return _plain(plain, default, depth + 1)


def _key(name: Any) -> str:
    if type(name) is not str:
        message = "Dict key must be str"
        raise TypeError(message)
    return _text(name)


def _text(value: str) -> str:
    if not is_unicode(value):
        message = "str is not valid UTF-8: surrogates not allowed"
        raise TypeError(message)
    return str(value)


def _number(value: int) -> int:
    if not LEAST <= value <= MOST:
        message = "Integer exceeds 64-bit range"
        raise TypeError(message)
    return int(value)


def _time(value: time) -> str:
    if value.tzinfo is not None:
        message = "datetime.time must not have tzinfo set"
        raise TypeError(message)
    return value.isoformat()


_SCALARS: dict[type, Callable[[Any], object]] = {
    str: _text,
    int: _number,
    datetime: datetime.isoformat,
    float: lambda value: value if math.isfinite(value) else None,
    date: date.isoformat,
    time: _time,
    UUID: str,
}
