"""The standard library in the place of orjson: the same values, and the same refusals."""

import json
import math
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from enum import Enum
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mi_async._core import json_codec, standard_json
from mi_async.api.thumbnails import UploadStatus
from mi_async.text import MaskedURL


class Level(Enum):
    LOW = 1


def outcome(function: Callable[[], Any], refused: type[Exception]) -> Any:
    """What a function returns, or the class of what it raises; a float is told from an integer."""
    try:
        return repr(function())
    except refused:
        return refused


def read(loads: Callable[[Any], Any], body: Any) -> Any:
    return outcome(lambda: loads(body), json.JSONDecodeError)


def written(dumps: Callable[..., bytes], value: object, default: Any = None) -> Any:
    """What a writer makes of a value, as a value: the text of a number may differ."""
    return outcome(lambda: orjson.loads(dumps(value, default)), TypeError)


BODIES: list[Any] = [
    b"",
    b" [1, 2.5, -0, -0.0, true, false, null]\r\n\t",
    b'{"a": 1, "a": 2}',
    b'{"a": {"b": []}, "\xed\x95\x9c": "\xea\xb8\x80"}',
    b"\xef\xbb\xbf[]",
    "[]".encode("utf-16"),
    b'"\xff"',
    b'["\xed\xa0\x80"]',
    b"NaN",
    b"[Infinity, -Infinity]",
    b"1e999",
    b"-1e999",
    b"1" * 400,
    b"1" * 5000,
    b"[18446744073709551615, 18446744073709551616, -9223372036854775808, -9223372036854775809]",
    b'"\\ud800"',
    b'{"\\udfff": 1}',
    b'["\\ud83d\\ude00", "\\u0041", "\\\\ud800"]',
    b'"a\nb"',
    b'"\x7f\\u0000"',
    b"[1,]",
    b'{"a" 1}',
    b"{'a': 1}",
    b"01",
    b"+1",
    b".5",
    b"1.",
    b"[] []",
    b"[" * 500 + b"]" * 500,
    b"[" * 100_000 + b"]" * 100_000,
    b'{"a":' * 3000 + b"1" + b"}" * 3000,
    b'["' + b"[" * 3000 + b'"]',
    "[1]",
    bytearray(b"[1]"),
    memoryview(b"[1]"),
]


@pytest.mark.parametrize("body", BODIES, ids=map(str, range(len(BODIES))))
def test_the_same_is_read_and_refused(body: Any) -> None:
    assert read(standard_json.loads, body) == read(orjson.loads, body)


circle: list[object] = []
circle.append(circle)
deep: list[object] = []
for _ in range(253):
    deep = [deep]


VALUES: list[object] = [
    {"a": [1, 2.5, True, None], "b": ("c",)},
    [math.nan, math.inf, -math.inf, 1e16, 1e-7, 0.1],
    [2**64 - 1, -(2**63)],
    2**64,
    -(2**63) - 1,
    10**5000,
    "\ud800",
    {"\ud800": 1},
    {1: 2},
    {UploadStatus.FAILED: 1},
    {None: 1},
    b"bytes",
    {1, 2},
    object(),
    1j,
    [UploadStatus.FAILED, UploadStatus("NEW"), Level.LOW, MaskedURL("https://a/?b")],
    datetime(2026, 1, 2, 3, 4, 5),  # noqa: DTZ001  as the service sends them
    datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC),
    datetime(2026, 1, 2, tzinfo=timezone(timedelta(hours=9))),
    [date(2026, 1, 2), time(3, 4, 5), UUID(int=5)],
    time(3, 4, 5, tzinfo=UTC),
    type("float64", (float,), {})(2.5),
    'controls \x00\x1f\x7f\b\f\n " \\ / \u2028 한글',
    circle,
    deep,
    [deep],
    [[deep]],
    "",
    {},
]


@pytest.mark.parametrize("value", VALUES, ids=map(str, range(len(VALUES))))
def test_the_same_is_written_and_refused(value: object) -> None:
    assert written(standard_json.dumps, value) == written(orjson.dumps, value)


@pytest.mark.parametrize("default", [None, lambda value: [str(type(value))], lambda _: object(), lambda _: 1 / 0])
def test_the_default_is_asked_alike(default: Any) -> None:
    for value in ({"a": 1j}, [b"bytes"], "text"):
        assert written(standard_json.dumps, value, default) == written(orjson.dumps, value, default)


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters()), inner),
    max_leaves=8,
)


@given(plain)
def test_any_value_is_written_alike(value: object) -> None:
    assert written(standard_json.dumps, value) == written(orjson.dumps, value)


@given(plain, st.booleans(), st.none() | st.tuples(st.integers(0), st.sampled_from(list('[]{}",:\\0eE.-tn\x01 '))))
def test_any_text_is_read_alike(value: object, escaped: bool, change: tuple[int, str] | None) -> None:
    text = json.dumps(value, ensure_ascii=escaped)
    if change is not None:
        where = change[0] % len(text)
        text = text[:where] + change[1] + text[where + 1 :]
    body = text.encode(errors="replace")
    assert read(standard_json.loads, body) == read(orjson.loads, body)


@pytest.mark.parametrize("option", [None, json_codec.INDENTED, json_codec.LINE, json_codec.INDENTED | json_codec.LINE])
def test_the_options_are_the_same(option: int | None) -> None:
    assert (standard_json.INDENTED, standard_json.LINE) == (json_codec.INDENTED, json_codec.LINE)
    value = {"a": [1, {"b": "한글"}], "c": [], "d": {}}
    assert standard_json.dumps(value, option=option) == json_codec.dumps(value, option=option)


PROGRAM = """
import sys
sys.modules["orjson"] = None
from mi_async._core import convert, json_codec, standard_json
from mi_async import Person, PersonTag
from mi_async.errors import InvalidArgumentError, ResponseError
assert json_codec.loads is standard_json.loads
person = Person(1, tags=(PersonTag(2, "가"),), extra={"rank": 1.5})
print(convert.dumps({"person": person}).decode())
assert Person.from_dict(convert.loads(person.to_json().encode())) == person
print(convert.dumps_shown({"name": "\\ud800"}, indent=True).decode())
for failing in (lambda: convert.dumps({"a": 2**64}), lambda: convert.loads(b'{"a": ')):
    try:
        failing()
    except (InvalidArgumentError, ResponseError) as error:
        print(type(error).__name__)
"""


def test_a_python_without_orjson_has_the_same_sdk() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, check=True, encoding="utf-8")
    assert done.stdout.splitlines() == [
        '{"person":{"rank":1.5,"personId":1,"tags":[{"id":2,"name":"가"}],"thumbnails":[]}}',
        "{",
        '  "name": "\\\\ud800"',
        "}",
        "InvalidArgumentError",
        "ResponseError",
    ]
