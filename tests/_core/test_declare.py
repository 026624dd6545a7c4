"""Declarations: what they become, how calls are checked, and those that do not add up."""

from collections.abc import Sequence
from typing import Annotated, Any

import pytest

from mi_async._core.bounds import AtMostOne, Count
from mi_async._core.declare import Group, Wire, operation, operations_of, raw
from mi_async._core.http_messages import Request
from mi_async._core.operation import Place, Quota, Repeat
from mi_async.api.persons import Persons
from mi_async.errors import InvalidArgumentError
from tests.support.recorder import Recorder
from tests.support.samples import Samples, defaults_of


def test_a_declaration_is_a_value() -> None:
    find, delete, put = operations_of(Samples)
    assert (find.id, find.group, find.name) == ("samples.find", "samples", "find")
    assert (find.repeat, find.quota, find.source) == (Repeat.SAFE, None, "sample")
    assert (find.summary, delete.summary) == ("Find samples.", "")
    assert (find.scope, delete.scope) == (("workspace_name",), ())
    assert [[p.name for p in each.parameters if p.positional] for each in (find, put)] == [
        ["name", "number"],
        ["number"],
    ]
    assert (delete.quota, delete.repeat) == (Quota(3, 0.5), Repeat.DUPLICATES)
    assert [defaults_of(each) for each in (find, delete, put)] == [{}, {"confidence_level": "HIGH"}, {"is_on": False}]
    assert [p.place for p in put.parameters] == [Place.PATH, Place.BODY, Place.BODY]
    assert find != put
    assert (find.deprecated, find.rules, find.beside, find.parameters[0].bounds) == (None, (), (), ())
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


class Marked(Group):
    """Declarations with everything that may be said about one."""

    scope = ()

    @operation("DELETE /marked", repeat=Repeat.SAFE, sends=Place.BODY, deprecated="marked.remove")
    async def delete(self, *, numbers: Annotated[Sequence[int], Count(most=2), Wire("ids"), "a note"]) -> None:
        """Delete."""
        raise NotImplementedError

    @operation("PATCH /marked", repeat=Repeat.SAFE, sends=Place.QUERY, rules=(AtMostOne(("a", "b")),), beside=("n",))
    async def patch(self, *, a: int | None = None, b: int | None = None) -> None:
        """Patch."""
        raise NotImplementedError


async def test_where_parameters_travel_may_be_declared() -> None:
    recorder = Recorder()
    with pytest.warns(
        DeprecationWarning, match="marked.delete will be removed by the vendor in January 2027; use marked.r"
    ):
        await Marked(recorder).delete(numbers=[1, 2])
    assert recorder.request == Request("DELETE", "/api/v1/marked", b'{"ids":[1,2]}')
    await Marked(recorder).patch(a=1)
    assert recorder.request == Request("PATCH", "/api/v1/marked?a=1", None)


def test_what_is_declared_is_there_to_be_shown() -> None:
    delete, patch = operations_of(Marked)
    assert (delete.deprecated, delete.parameters[0].bounds, delete.parameters[0].wire) == (
        "marked.remove",
        (Count(most=2),),
        "ids",
    )
    assert (patch.rules, patch.beside, patch.deprecated) == ((AtMostOne(("a", "b")),), ("n",), None)


async def test_bounds_are_held_unless_told_otherwise() -> None:
    recorder = Recorder()
    await Marked(recorder).patch(a=1, b=2)
    with pytest.raises(InvalidArgumentError, match="give only one of a, b; a and b were given"):
        _ = recorder.request
    recorder.validate = False
    assert recorder.request.target.endswith("?a=1&b=2")


async def plain() -> None:
    """Not an operation."""


@pytest.mark.parametrize("method", [plain, Persons.get, Persons(Recorder(), workspace_name="w").get])
def test_raw_takes_an_operation_of_a_session(method: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=r"raw\(\) takes an operation such as newsroom\.persons\.get"):
        raw(method)
