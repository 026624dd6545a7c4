"""Operations: arguments to HTTP and back, and answers to models."""

import json
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import datetime
from functools import cache
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mi_async import api
from mi_async._core.annotations import bare
from mi_async._core.declare import operations_of
from mi_async._core.operation import Operation, Parameter, Place, RawArguments
from mi_async.api.persons import Persons, ThumbnailInput
from mi_async.errors import InvalidArgumentError, ResponseError
from mi_async.models import Model, OpenEnum
from tests.support.recorder import Recorder, receive
from tests.support.samples import Colour, Samples, defaults_of

OPERATIONS = {each.id: each for group in (*api.GROUPS, Samples) for each in operations_of(group)}
HARD = ["홍길동", "a/b", "100%", "%2F", "a+b c", "a&b=c", "🦊👩‍👧", "\"'`", "?#", "...", "~", "\0", "a,b", ";|", "%zz"]

texts = st.sampled_from(HARD) | st.text()
integers = st.integers(-(2**63), 2**64 - 1)
PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    str: texts,
    int: integers,
    bool: st.booleans(),
    float: st.floats(allow_nan=False, allow_infinity=False),
    datetime: st.datetimes(),
}


def values(parameter: Parameter) -> st.SearchStrategy[Any]:
    """Arguments that a parameter takes; None where it may be left out."""
    if parameter.place is Place.PATH:
        return PLAIN[parameter.kind].filter(lambda value: value not in {"", ".", ".."})
    if parameter.place is Place.QUERY and bare(parameter.kind) == Sequence[str]:
        return st.none() | st.lists(texts.filter(lambda text: text and "," not in text)).map(tuple)
    return kinds(parameter.kind)


@cache
def kinds(kind: Any) -> st.SearchStrategy[Any]:
    if bare(kind) is not kind:
        return st.none() | kinds(bare(kind))
    if kind in PLAIN:
        return PLAIN[kind]
    if isinstance(kind, type) and issubclass(kind, OpenEnum):
        known = [member for member in kind if "," not in member]
        return st.sampled_from(known) | st.from_regex(r"[A-Z_]+", fullmatch=True).map(kind)
    if isinstance(kind, type) and issubclass(kind, Model):
        return st.builds(kind, **{f.name: kinds(f.type) for f in attrs.fields(kind) if f.name != "extra"})
    return st.lists(kinds(kind.__args__[0]), max_size=5).map(tuple)  # a Sequence


@pytest.mark.parametrize("declared", OPERATIONS.values(), ids=OPERATIONS)
@settings(max_examples=15)  # of each of many operations
@given(st.data())
async def test_what_a_call_gives_is_what_a_server_gets(declared: Operation, data: st.DataObject) -> None:
    recorder = Recorder(validate=False)
    group = next(group for group in (*api.GROUPS, Samples) if declared in operations_of(group))
    workspace = data.draw(PLAIN[str].filter(lambda text: text not in {"", ".", ".."}))
    given = {
        p.name: data.draw(values(p), label=p.name)
        for p in declared.parameters
        if p.required or data.draw(st.booleans())
    }
    positional = [given.pop(p.name) for p in declared.parameters if p.place is Place.PATH]
    bound = group(recorder, **dict.fromkeys(declared.scope, workspace))
    with pytest.warns(DeprecationWarning, match=declared.id) if declared.deprecated else nullcontext():
        await getattr(bound, declared.name)(*positional, **given)
    names = [p.name for p in declared.parameters if p.place is Place.PATH]
    sent = {**defaults_of(declared), **dict(zip(names, positional, strict=True)), **given}
    assert receive(declared, recorder.request) == {name: value for name, value in sent.items() if value is not None}
    assert recorder.request.method == declared.method
    assert recorder.request.target.isascii()
    assert recorder.request.target.isprintable()
    assert b"null" not in (recorder.request.body or b"") or "null" in repr(sent)


async def built(call: Any) -> str:
    """Target of the one request that a call on Samples makes."""
    recorder = Recorder()
    await call(Samples(recorder, workspace_name="my workspace"))
    return recorder.request.target


async def test_urls_hold_every_kind() -> None:
    def find(samples: Samples) -> Any:
        return samples.find("가/.", -1, flag=False, colour=Colour.RED, colours=[Colour.RED], words=["x y", "&"])

    path = "/api/v1/workspaces/my%20workspace/samples/%EA%B0%80%2F./of/-1"
    assert await built(find) == f"{path}?flag=false&colour=RED&colours=RED&word_list=x%20y,%26"
    assert await built(lambda samples: samples.find("a", 1, flag=True, words=[])) == (
        "/api/v1/workspaces/my%20workspace/samples/a/of/1?flag=true&word_list="
    )


async def test_defaults_are_sent_and_none_is_not() -> None:
    assert await built(lambda samples: samples.delete()) == "/api/v1/samples?confidenceLevel=HIGH"
    recorder = Recorder()
    await Samples(recorder).put(1, ratio=None)
    assert recorder.request.body == b'{"isOn":false}'
    await Persons(recorder, workspace_name="w").update(1)
    assert recorder.request.body == b"{}"
    await Persons(recorder, workspace_name="w").get(1)
    assert recorder.request.body is None


@pytest.mark.parametrize("value", ["\ud800", 2**64, -(2**63) - 1, {1}, b"x", [{"a": object()}]])
async def test_what_has_no_form_in_json_is_refused(value: Any) -> None:
    recorder = Recorder()
    persons: Any = Persons(recorder, workspace_name="w")
    await persons.update(1, name=value)
    with pytest.raises(InvalidArgumentError):
        _ = recorder.request


FIND, _, PUT = operations_of(Samples)
PATH = {"workspace_name": "w", "name": "a", "number": "1"}


@pytest.mark.parametrize(
    ("declared", "raw", "path"),
    [
        (FIND, RawArguments({**PATH, "number": "one"}, {}, b""), "$.number"),
        (FIND, RawArguments({**PATH, "number": "1.0"}, {}, b""), "$.number"),
        (FIND, RawArguments({"name": "a"}, {}, b""), "$.number"),
        (FIND, RawArguments(PATH, {"flag": "yes"}, b""), "$.flag"),
        (PUT, RawArguments(PATH, {}, b"[]"), "$"),
        (PUT, RawArguments(PATH, {}, b'{"ratio":"1"}'), "$.ratio"),
        (PUT, RawArguments(PATH, {}, b'{"isOn":"false"}'), "$.isOn"),
        (PUT, RawArguments(PATH, {}, b"{"), None),
        (OPERATIONS["persons.create"], RawArguments({}, {}, b'{"name":"x"}'), "$.thumbnails"),
        (OPERATIONS["persons.create"], RawArguments({}, {}, b""), "$.thumbnails"),
        (OPERATIONS["persons.create"], RawArguments({}, {}, b'{"thumbnails":null}'), "$.thumbnails"),
        (
            OPERATIONS["persons.create"],
            RawArguments({}, {}, b'{"thumbnails":[{"thumbnailKey":"a"},{"thumbnailKey":1}]}'),
            "$.thumbnails[1].thumbnailKey",
        ),
    ],
)
def test_a_server_says_which_argument_does_not_fit(declared: Operation, raw: RawArguments, path: str | None) -> None:
    with pytest.raises(ResponseError) as caught:
        declared.arguments(raw)
    assert caught.value.path == path


def test_a_server_takes_what_was_left_out_as_left_out() -> None:
    arguments = {"number": 1, "is_on": True}
    assert PUT.arguments(RawArguments(PATH, {}, b'{"isOn":true}')) == arguments
    assert PUT.arguments(RawArguments(PATH, {}, b'{"isOn":true,"ratio":null,"new":1}')) == arguments


def test_a_server_requires_what_a_client_always_sends() -> None:
    assert [p.name for p in PUT.parameters if p.always_sent and not p.required] == ["is_on"]
    with pytest.raises(ResponseError, match=r"required at \$\.isOn"):
        PUT.arguments(RawArguments(PATH, {}, b"{}"))


def test_an_answer_that_does_not_fit_names_operation_and_path() -> None:
    with pytest.raises(ResponseError, match=r"persons\.get: the answer does not fit") as caught:
        OPERATIONS["persons.get"].parse({"personId": 1, "tags": [{"id": "seven", "name": "x"}]})
    assert caught.value.path == "$.result.tags[0].id"


async def test_models_go_into_bodies_by_wire_name() -> None:
    recorder = Recorder()
    persons = Persons(recorder, workspace_name="w")
    await persons.create(thumbnails=[ThumbnailInput("k", extra={"later": 1})], description="홍")
    assert json.loads(recorder.request.body or b"") == {
        "thumbnails": [{"thumbnailKey": "k", "isPrimaryThumbnail": False, "later": 1}],
        "description": "홍",
    }


async def test_an_argument_without_a_form_in_json_is_named() -> None:
    described = {operation.id: operation for operation in api.operations()}
    with pytest.raises(InvalidArgumentError, match="person_ids cannot be sent as JSON"):
        described["persons.merge"].build({"workspace_name": "w", "person_id": 1, "person_ids": {2}}, validate=False)
    with pytest.raises(InvalidArgumentError, match="description cannot be sent as JSON"):
        described["persons.update"].build({"workspace_name": "w", "person_id": 1, "name": "a", "description": "\ud800"})
