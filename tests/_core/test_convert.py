"""JSON to models and back: strict types, open shapes, and errors that point into the answer."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any

import pytest
from attrs import field, frozen
from hypothesis import given, settings
from hypothesis import strategies as st

from mi_async._core import convert
from mi_async._core.model_hooks import SHAPES, Readers
from mi_async._core.strict import is_optional_scalar
from mi_async._core.wire_names import WIRE, camel
from mi_async.api.person_tags import PersonTag
from mi_async.api.persons import Person, PersonThumbnail, ThumbnailInput
from mi_async.api.thumbnails import PresignedUrl, UploadCheck, UploadMessage, UploadStatus
from mi_async.errors import InvalidArgumentError, ResponseError
from mi_async.models import Model, Page, spelled

SECRET = "https://kr.object.ncloudstorage.com/b/k?X-Amz-Signature=0123"


@frozen
class Everything(Model):
    ratio: float
    moment: datetime | None = None
    names: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(factory=dict)
    status: UploadStatus | None = None
    text: str = field(default="", metadata=spelled("analyzeText", "analysisText"))
    flag: bool = field(default=False, kw_only=True)
    last: int | None = None


@frozen
class Node(Model):
    name: str
    children: "tuple[Node, ...]" = ()


def test_names_are_camel_case() -> None:
    assert [camel(name) for name in ("id", "page_num", "is_primary_thumbnail")] == [
        "id",
        "pageNum",
        "isPrimaryThumbnail",
    ]


def test_a_person_is_read_from_its_wire_form() -> None:
    value = {
        "personId": 7,
        "name": None,
        "tags": [{"id": 1, "name": "Anchor", "createdTime": "2026-01-02T03:04:05"}],
        "thumbnails": [{"id": 2, "url": SECRET, "isPrimaryThumbnail": True}],
    }
    tag = PersonTag(1, "Anchor", created_time=datetime(2026, 1, 2, 3, 4, 5))  # noqa: DTZ001  as sent, without a zone
    assert convert.structure(value, Person) == Person(7, tags=(tag,), thumbnails=(PersonThumbnail(2, SECRET, True),))  # noqa: FBT003  as declared


@pytest.mark.parametrize(
    ("value", "person"),
    [
        ({"id": 5}, Person(5)),
        ({"personId": 5}, Person(5)),
        ({"name": "a", "id": 5}, Person(5, "a")),
        ({"description": "d", "personId": 5}, Person(5, description="d")),
        ({"personId": 5, "id": 6}, Person(5)),
        ({"id": 6, "personId": 5, "new": 1}, Person(5, extra={"new": 1})),
        ({"personId": None, "id": 6}, Person(6)),
        ({"id": 5, "extra": {"a": 1}, "rank": None}, Person(5, extra={"extra": {"a": 1}, "rank": None})),
    ],
)
def test_spellings_and_unknown_members(value: dict[str, Any], person: Person) -> None:
    before = dict(value)
    assert convert.structure(value, Person) == person
    assert value == before


def test_every_kind_of_field() -> None:
    value = {
        "analysisText": "t",
        "ratio": 1,
        "moment": "2026-01-02T03:04:05Z",
        "names": ["a"],
        "counts": {"a": 1},
        "status": "NEW",
        "flag": True,
        "last": 3,
    }
    got = convert.structure(value, Everything)
    assert got.ratio == 1.0
    assert isinstance(got.ratio, float)
    assert got.moment is not None
    assert got.moment.utcoffset() is not None
    assert (got.names, got.counts, got.text, got.flag, got.last) == (("a",), {"a": 1}, "t", True, 3)
    assert got.status == "NEW"
    assert convert.structure(convert.loads(convert.dumps(got)), Everything) == got


def test_a_model_may_hold_itself() -> None:
    value = {"name": "a", "children": [{"name": "b", "children": [{"name": "c"}]}]}
    assert convert.structure(value, Node) == Node("a", (Node("b", (Node("c"),)),))


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (Sequence[int], [1, 2], (1, 2)),
        (list[ThumbnailInput], [{"thumbnailKey": "k"}], [ThumbnailInput("k")]),
        (Person | None, None, None),
        (Person | None, {"id": 1}, Person(1)),
        (tuple[int, str], [1, "a"], (1, "a")),
        (None, {"left": "over"}, None),
    ],
)
def test_kinds_that_are_not_models(kind: Any, value: Any, expected: object) -> None:
    assert convert.structurer(kind)(value) == expected


def test_statuses_are_open() -> None:
    known = convert.structure({"uploadStatus": "FAILED", "uploadMessage": "OVER_SIZE_LIMIT"}, UploadCheck)
    assert known.upload_status is UploadStatus.FAILED
    assert known.upload_message is UploadMessage.OVER_SIZE_LIMIT
    assert known.upload_status.is_known
    new = convert.structure({"uploadStatus": "QUEUED", "uploadMessage": None}, UploadCheck)
    assert new.upload_status == "QUEUED"
    assert not new.upload_status.is_known


THUMBNAIL = {"id": 1, "url": SECRET}


@pytest.mark.parametrize(
    ("kind", "value", "path", "text"),
    [
        (
            Page[Person],
            {
                "content": [{"id": 1}] * 3
                + [{"id": 1, "thumbnails": [THUMBNAIL, THUMBNAIL | {"isPrimaryThumbnail": 1}]}]
            },
            "$.content[3].thumbnails[1].isPrimaryThumbnail",
            "expected a boolean, got an integer",
        ),
        (Page[Person], {"content": None}, "$.content", "expected an array, got null"),
        (Page[Person], {"content": {}}, "$.content", "expected an array, got an object"),
        (Page[Person], {"content": [], "totalCount": None}, "$.totalCount", "expected an integer, got null"),
        (Page[Person], {"content": [[]]}, "$.content[0]", "expected an object, got an array"),
        (Page[Person], [], "$", "expected an object, got an array"),
        (Page[Person], None, "$", "expected an object, got null"),
        (list[ThumbnailInput], [{"thumbnailKey": "k"}, {}], "$[1].thumbnailKey", "member 'thumbnailKey' is missing"),
        (list[ThumbnailInput], "ab", "$", "expected an array, got a string"),
        (Person, {"name": "a"}, "$.personId", "member 'personId' is missing"),
        (Person, {"id": True}, "$.id", "expected an integer, got a boolean"),
        (Person, {"id": 1.0, "new": 1}, "$.id", "expected an integer, got a number"),
        (Person, {"id": 1, "name": 5}, "$.name", "expected a string or null, got an integer"),
        (PersonThumbnail, {"id": SECRET, "url": SECRET}, "$.id", "expected an integer, got a string"),
        (PersonThumbnail, {"id": 1, "url": [SECRET]}, "$.url", "expected a string, got an array"),
        (
            PersonTag,
            {"id": 1, "name": "a", "createdTime": SECRET},
            "$.createdTime",
            "expected an ISO 8601 timestamp, got a string",
        ),
        (
            PersonTag,
            {"id": 1, "name": "a", "createdTime": 5},
            "$.createdTime",
            "expected an ISO 8601 timestamp, got an integer",
        ),
        (UploadCheck, {"uploadStatus": 5}, "$.uploadStatus", "expected a string, got an integer"),
        (Everything, {"ratio": SECRET}, "$.ratio", "expected a number, got a string"),
        (Everything, {"ratio": 1, "counts": {"a": SECRET}}, "$.counts['a']", "expected an integer, got a string"),
        (Everything, {"ratio": 1, "counts": []}, "$.counts", "expected an object, got an array"),
        (tuple[int, str], [1], "$", "does not fit"),
    ],
)
def test_an_error_says_where_and_what_but_not_the_value(kind: Any, value: Any, path: str, text: str) -> None:
    with pytest.raises(ResponseError) as caught:
        convert.structurer(kind)(value)
    assert caught.value.path == path
    assert str(caught.value).startswith(text)
    assert str(caught.value).endswith(f" at {path}")
    assert "ncloudstorage" not in str(caught.value)


def test_a_hook_that_changes_its_mind_still_ends_in_our_error() -> None:
    moods = iter((False, True))

    def is_in_the_mood(*_: object) -> None:
        if not next(moods):
            raise ValueError

    @frozen
    class Fickle(Model):
        number: Any = field(validator=is_in_the_mood)

    with pytest.raises(ResponseError, match="does not fit"):
        convert.structure({"number": 1}, Fickle)


def test_what_is_not_json_is_named() -> None:
    with pytest.raises(ResponseError, match=r"not JSON: .* at \d+ of 9 bytes"):
        convert.loads(b'{"a": 1, ')


def test_none_is_left_out_and_extra_goes_back() -> None:
    person = Person(1, tags=(PersonTag(2, "a", extra={"colour": None}),), extra={"rank": 1, "name": "not this"})
    assert convert.loads(convert.dumps({"person": person})) == {
        "person": {
            "rank": 1,
            "name": "not this",
            "personId": 1,
            "tags": [{"colour": None, "id": 2, "name": "a"}],
            "thumbnails": [],
        }
    }
    assert convert.loads(convert.dumps(Person(1, "named", extra={"name": "no"})))["name"] == "named"


@pytest.mark.parametrize("value", ["\ud800", 2**64, object(), {"a": b"bytes"}])
def test_what_json_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(InvalidArgumentError, match="cannot be sent as JSON"):
        convert.dumps(value)


def test_any_number_of_shapes_is_read_and_few_are_remembered() -> None:
    readers = Readers(WIRE, PersonTag, convert.converter(detailed=False))
    for number in range(3 * SHAPES):
        value = {"id": number, f"new{number}": 1, "name": "a"}
        assert readers[tuple(value)](value, PersonTag) == PersonTag(number, "a", extra={f"new{number}": 1})
    assert len(readers) <= SHAPES


def test_importing_the_models_builds_nothing() -> None:
    code = "import mi_async.api; from mi_async._core import convert;print(convert.converter.cache_info().currsize)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0"


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
numbers = st.integers(-(2**63), 2**63 - 1)
moments = st.none() | st.datetimes()
plain = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner),
)
# A leading "?" keeps an unknown member from being one that the model names.
extras = st.dictionaries(texts.map("?".__add__), plain, max_size=2)
maybe = st.none() | texts
tags = st.builds(PersonTag, numbers, texts, maybe, moments, maybe, moments, extra=extras)
pictures = st.builds(PersonThumbnail, numbers, texts, st.booleans(), extra=extras)
persons = st.builds(
    Person,
    numbers,
    maybe,
    maybe,
    st.lists(tags, max_size=2).map(tuple),
    st.lists(pictures, max_size=2).map(tuple),
    extra=extras,
)


def pages(items: st.SearchStrategy[Person]) -> st.SearchStrategy[Page[Person]]:
    build: Callable[..., Page[Person]] = Page
    return st.builds(build, st.lists(items, max_size=3).map(tuple), numbers, numbers, numbers, numbers, extra=extras)


urls = st.builds(PresignedUrl, texts, texts, numbers, extra=extras)


@given(
    st.one_of(
        st.tuples(st.just(PersonTag), tags),
        st.tuples(st.just(Person), persons),
        st.tuples(st.just(Page[Person]), pages(persons)),
        st.tuples(st.just(PresignedUrl), urls),
    )
)
@settings(report_multiple_bugs=False)
def test_a_model_comes_back_as_it_went(sent: tuple[Any, Model]) -> None:
    kind, model = sent
    assert convert.structurer(kind)(convert.loads(convert.dumps(model))) == model


MEMBERS = ["id", "personId", "name", "description", "tags", "thumbnails", "extra", "new"]


@given(st.dictionaries(st.sampled_from(MEMBERS), plain, max_size=6) | plain)
def test_the_fast_way_and_the_explaining_way_agree(value: Any) -> None:
    try:
        person = convert.structurer(Person)(value)
    except ResponseError as error:
        assert error.path is not None  # noqa: PT017  both outcomes are right
    else:
        assert convert.converter(detailed=True).structure(value, Person) == person


@pytest.mark.parametrize(
    ("kind", "is_one"),
    [(int, False), (int | None, True), (str | None, True), (list[int] | None, False), (int | str | None, False)],
)
def test_what_may_be_left_out_when_it_cannot_be_read(kind: Any, is_one: bool) -> None:
    assert is_optional_scalar(kind) is is_one


class Odd(Enum):
    TEXT = "\udc80"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"name": "A\udcff", "number": 10**30}, rb'{"name":"A\\udcff","number":%d}' % 10**30),
        ((Odd.TEXT, None, True), rb'["\\udc80",null,true]'),
        ([PersonTag(1, "\udcff")], rb'[{"id":1,"name":"\\udcff"}]'),
    ],
)
def test_what_cannot_be_sent_can_be_shown(value: Any, shown: bytes) -> None:
    with pytest.raises(InvalidArgumentError):
        convert.dumps(value)
    assert convert.dumps_shown(value) == shown
    assert json.loads(convert.dumps_shown(value, indent=True)) == json.loads(shown)
