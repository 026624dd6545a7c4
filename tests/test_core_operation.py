"""Declarations and operations: arguments to HTTP and back, and declarations that do not add up."""

import enum
import json
from collections.abc import Sequence
from typing import Annotated, Any

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mi_async import api
from mi_async._core.declare import Group, Wire, operation, operations_of
from mi_async._core.operation import Operation, Parameter, Place, Quota, RawArguments, Repeat
from mi_async._core.urltext import bare, from_text, path_segment, to_text
from mi_async.api.persons import Persons, ThumbnailInput
from mi_async.errors import InvalidArgumentError, ResponseError
from mi_async.models import Model, OpenEnum
from tests.support.recorder import Recorder, receive


class Colour(OpenEnum):
    RED = "RED"
    LIGHT_BLUE = "LIGHT,BLUE"


class Level(enum.IntEnum):
    LOW = 1


class Samples(Group):
    """Kinds of parameters that the current operations have no example of."""

    @operation("GET /workspaces/{workspace_name}/samples/{name}/of/{number}", source="sample")
    async def find(
        self,
        name: str,
        number: int,
        *,
        flag: bool | None = None,
        colour: Colour | None = None,
        colours: Annotated[Sequence[Colour] | None, "not a wire name"] = None,
        words: Annotated[Sequence[str] | None, Wire("word_list")] = None,
    ) -> None:
        """Find samples.

        More words.
        """
        raise NotImplementedError

    @operation("DELETE /samples", repeat=Repeat.DUPLICATES, quota=Quota(3, 0.5))
    async def delete(self, *, confidence_level: str = "HIGH") -> None:
        raise NotImplementedError

    @operation("PUT /samples/{number}", repeat=Repeat.SAFE)
    async def put(self, number: int, *, ratio: float | None = None, is_on: bool = False) -> None:
        """Put a sample."""
        raise NotImplementedError


OPERATIONS = {each.id: each for group in (*api.GROUPS, Samples) for each in operations_of(group)}
HARD = ["홍길동", "a/b", "100%", "%2F", "a+b c", "a&b=c", "🦊👩‍👧", "\"'`", "?#", "...", "~", "\0", "a,b", ";|", "%zz"]

texts = st.sampled_from(HARD) | st.text()
integers = st.integers(-(2**63), 2**64 - 1)
PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    str: texts,
    int: integers,
    bool: st.booleans(),
    float: st.floats(allow_nan=False, allow_infinity=False),
    Colour: st.just(Colour.RED) | st.from_regex(r"[A-Z_]+", fullmatch=True).map(Colour),
}


def values(parameter: Parameter) -> st.SearchStrategy[Any]:
    """Arguments that a parameter takes; None where it may be left out."""
    kind = bare(parameter.kind)
    if parameter.place is Place.PATH:
        return PLAIN[kind].filter(lambda value: value not in {"", ".", ".."})
    strategy = kinds(kind)
    if parameter.place is Place.QUERY and kind == Sequence[str]:
        strategy = st.lists(texts.filter(lambda text: text and "," not in text)).map(tuple)
    return strategy if kind is parameter.kind else st.none() | strategy


def kinds(kind: Any) -> st.SearchStrategy[Any]:
    if kind in PLAIN:
        return PLAIN[kind]
    if isinstance(kind, type) and issubclass(kind, Model):
        return st.builds(kind, **{f.name: kinds(f.type) for f in attrs.fields(kind) if f.name != "extra"})
    return st.lists(kinds(kind.__args__[0])).map(tuple)  # a Sequence


@pytest.mark.parametrize("declared", OPERATIONS.values(), ids=OPERATIONS)
@given(st.data())
async def test_what_a_call_gives_is_what_a_server_gets(declared: Operation, data: st.DataObject) -> None:
    recorder = Recorder()
    group = next(group for group in (*api.GROUPS, Samples) if declared in operations_of(group))
    workspace = data.draw(PLAIN[str].filter(lambda text: text not in {"", ".", ".."}))
    given = {
        p.name: data.draw(values(p), label=p.name)
        for p in declared.parameters
        if p.required or data.draw(st.booleans())
    }
    positional = [given.pop(p.name) for p in declared.parameters if p.place is Place.PATH]
    bound = group(recorder, **dict.fromkeys(declared.scope, workspace))
    await getattr(bound, declared.name)(*positional, **given)
    names = [p.name for p in declared.parameters if p.place is Place.PATH]
    sent = {**declared.defaults, **dict(zip(names, positional, strict=True)), **given}
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


def test_a_declaration_is_a_value() -> None:
    find, delete, put = operations_of(Samples)
    assert (find.id, find.group, find.name) == ("samples.find", "samples", "find")
    assert (find.repeat, find.quota, find.source) == (Repeat.SAFE, None, "sample")
    assert (find.summary, delete.summary) == ("Find samples.", "")
    assert (find.scope, delete.scope) == (("workspace_name",), ())
    assert (find.positional, put.positional) == (("name", "number"), ("number",))
    assert (delete.quota, delete.repeat) == (Quota(3, 0.5), Repeat.DUPLICATES)
    assert delete.defaults == {"confidence_level": "HIGH"}
    assert [p.place for p in put.parameters] == [Place.PATH, Place.BODY, Place.BODY]
    assert find != put
    assert len({find, put}) == 2


def test_a_declared_method_keeps_its_documentation() -> None:
    assert Persons.get.__doc__ == "Get one person with tags and thumbnails."
    assert Persons.get.__qualname__ == "Persons.get"
    assert Persons.get.__annotations__["person_id"] is int


@pytest.mark.parametrize(
    ("arguments", "options", "complaint"),
    [
        ((), {}, "missing 1 required positional argument: 'person_id'"),
        ((1, 2), {}, "takes 2 positional arguments but 3 were given"),
        ((1,), {"person_id": 1}, "multiple values for argument 'person_id'"),
        ((1,), {"nme": "x"}, "unexpected keyword argument 'nme'"),
        ((), {"self": 1}, "multiple values for argument 'self'"),
    ],
)
async def test_arguments_are_checked_as_python_does(
    arguments: tuple[Any, ...], options: dict[str, Any], complaint: str
) -> None:
    recorder = Recorder()
    with pytest.raises(TypeError, match=complaint):
        await Persons(recorder, workspace_name="w").get(*arguments, **options)
    assert not recorder.made


async def test_keyword_only_options_are_not_positional() -> None:
    persons: Any = Persons(Recorder(), workspace_name="w")
    with pytest.raises(TypeError, match="takes 1 positional argument but 2 were given"):
        await persons.list(1)
    with pytest.raises(TypeError, match="missing 1 required keyword-only argument: 'thumbnails'"):
        await persons.create("Gildong Hong")


class Misdeclared:
    async def plain(self) -> None: ...
    async def untyped(self, name) -> None: ...  # type: ignore[no-untyped-def]  # noqa: ANN001  the mistake
    async def variadic(self, *names: str) -> None: ...
    async def options(self, **names: str) -> None: ...
    async def endless(self): ...  # type: ignore[no-untyped-def]  # noqa: ANN201  the mistake


@pytest.mark.parametrize(
    ("function", "route", "repeat", "complaint"),
    [
        (Misdeclared.plain, "FETCH /a", Repeat.SAFE, "misdeclared.plain: 'FETCH /a' is not METHOD /path"),
        (Misdeclared.plain, "GET a", None, "misdeclared.plain: 'GET a' is not METHOD /path"),
        (Misdeclared.plain, "GET", None, "misdeclared.plain: 'GET' is not METHOD /path"),
        (Misdeclared.plain, "get /a", None, "misdeclared.plain: 'get /a' is not METHOD /path"),
        (Misdeclared.plain, "POST /a", None, "misdeclared.plain: a POST must declare what a repeat does"),
        (Misdeclared.plain, "DELETE /a", None, "misdeclared.plain: a DELETE must declare what a repeat does"),
        (Misdeclared.plain, "GET /{b}/{a}", None, "misdeclared.plain: path names a, b are not parameters"),
        (Misdeclared.untyped, "GET /a", None, "misdeclared.untyped: parameter name needs a type and a place"),
        (Misdeclared.variadic, "GET /a", None, "misdeclared.variadic: parameter names needs a type and a place"),
        (Misdeclared.options, "GET /a", None, "misdeclared.options: parameter names needs a type and a place"),
        (Misdeclared.endless, "GET /a", None, "misdeclared.endless: the return type is missing"),
    ],
)
def test_what_does_not_add_up_fails_with_its_name(
    function: Any, route: str, repeat: Repeat | None, complaint: str
) -> None:
    with pytest.raises(TypeError) as caught:
        operation(route, repeat=repeat)(function)
    assert str(caught.value) == complaint


@pytest.mark.parametrize("quota", [(0, 1.0), (-1, 1.0), (1, 0.0), (1, -1.0), (1, float("nan"))])
def test_a_quota_lets_something_through(quota: tuple[int, float]) -> None:
    with pytest.raises(InvalidArgumentError, match="at least 1 call"):
        Quota(*quota)


@pytest.mark.parametrize("value", ["", ".", "..", Colour(".")])
def test_what_would_change_a_path_is_no_segment(value: str) -> None:
    with pytest.raises(InvalidArgumentError, match=r"name .* cannot be part of a path"):
        path_segment("name", value)


@pytest.mark.parametrize("value", ["...", " ", "%2e%2e", "/", "\\..", "\0"])
def test_all_else_is(value: str) -> None:
    assert "/" not in path_segment("name", value)


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ("\ud800", "not valid Unicode text"),
        ("a\udcff", "not valid Unicode text"),
        (2**64, "beyond 64 bits"),
        (-(2**63) - 1, "beyond 64 bits"),
        (10**400, "beyond 64 bits"),
        (1.5, "a float cannot be sent in a URL"),
        (None, "a NoneType cannot be sent in a URL"),
        (b"ab", "a bytes cannot be sent in a URL"),
        (bytearray(b"ab"), "a bytearray cannot be sent in a URL"),
        ({1}, "a set cannot be sent in a URL"),
        ([1.5], "a float cannot be sent in a URL"),
        (["a,b"], "'a,b' cannot be one of several values in a URL"),
        (["a", ""], "'' cannot be one of several values in a URL"),
        ([[1, 2]], "cannot be one of several values in a URL"),
    ],
)
async def test_what_has_no_form_in_a_url_is_refused_by_name(value: Any, complaint: str) -> None:
    with pytest.raises(InvalidArgumentError, match=complaint) as caught:
        to_text("tag_ids", value)
    assert "tag_ids" in str(caught.value)
    recorder = Recorder()
    persons: Any = Persons(recorder, workspace_name="w")
    if value is not None:
        await persons.list(tag_ids=value)
        with pytest.raises(InvalidArgumentError):
            _ = recorder.request


@pytest.mark.parametrize("value", ["\ud800", 2**64, -(2**63) - 1, {1}, b"x", [{"a": object()}]])
async def test_what_has_no_form_in_json_is_refused(value: Any) -> None:
    recorder = Recorder()
    persons: Any = Persons(recorder, workspace_name="w")
    await persons.update(1, name=value)
    with pytest.raises(InvalidArgumentError):
        _ = recorder.request


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "true"), (False, "false"), (7, "7"), (Level.LOW, "1"), (Colour.RED, "RED"), ((), ""), ((1, 2), "1,2")],
)
def test_values_as_text(value: Any, text: str) -> None:
    assert to_text("x", value) == text


@given(st.text())
@example("1" * 21)
@example("１")  # noqa: RUF001  a digit, but not ASCII
@example("-")
def test_text_that_does_not_fit_is_left_for_structuring(text: str) -> None:
    assert from_text(text, bool | None) in {True, False, text}
    found = from_text(text, int)
    assert found == text or isinstance(found, int)
    assert from_text(text, str) == text


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
    assert PUT.arguments(RawArguments(PATH, {}, b"")) == {"number": 1}
    assert PUT.arguments(RawArguments(PATH, {}, b'{"ratio":null,"new":1}')) == {"number": 1}


def test_an_answer_that_does_not_fit_names_operation_and_path() -> None:
    with pytest.raises(ResponseError, match=r"persons\.get: the answer does not fit") as caught:
        OPERATIONS["persons.get"].parse({"personId": 1, "tags": [{"id": "7", "name": "x"}]})
    assert caught.value.path == "$.result.tags[0].id"


async def test_models_go_into_bodies_by_wire_name() -> None:
    recorder = Recorder()
    persons = Persons(recorder, workspace_name="w")
    await persons.create(thumbnails=[ThumbnailInput("k", extra={"later": 1})], description="홍")
    assert json.loads(recorder.request.body or b"") == {
        "thumbnails": [{"thumbnailKey": "k", "isPrimaryThumbnail": False, "later": 1}],
        "description": "홍",
    }
