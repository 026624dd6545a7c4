"""Bounds and rules by themselves: what they allow, what they find wrong, and in which words."""

from typing import Any

import pytest
from attrs import field, frozen

from mi_async._core.bounds import (
    BOUNDS,
    AllOrNone,
    AtMostOne,
    Bound,
    Count,
    Each,
    ExactlyOne,
    Forbidden,
    Length,
    Marked,
    NotAmong,
    Pattern,
    Range,
    Rule,
    Total,
)
from mi_async._core.checks import compiled
from mi_async.errors import InvalidArgumentError
from mi_async.models import Model


@frozen
class Flagged(Model):
    flag: bool = False


@pytest.mark.parametrize(
    ("bound", "text", "fitting", "faults"),
    [
        (Length(2, 3), "2 to 3 characters", ["ab", "가나다", "  "], {"a": "has 1", "abcd": "has 4"}),
        (Length(most=3), "at most 3 characters", ["", "abc"], {"abcd": "has 4"}),
        (Length(2), "at least 2 characters", ["ab" * 99], {"": "has 0"}),
        (Length(1, 3, blank=False), "1 to 3 characters, not blank", [" a "], {" \t": "is blank", "": "is blank"}),
        (Range(0, 10), "0 to 10", [0, 10], {-1: "is -1", 11: "is 11"}),
        (Range(1), "at least 1", [1, 10**9], {0: "is 0"}),
        (Count(1, 2), "1 to 2 items", [(1,), [1, 2]], {(): "has 0", (1, 2, 3): "has 3"}),
        (Count(most=1), "at most 1 items", [(), (1,)], {(1, 2): "has 2"}),
        (Count(1), "at least 1 items", [(1,) * 9], {(): "has 0"}),
        (Forbidden(";|`"), "none of ; | `", ["", "a,b"], {"a;b": "has ;", "`|`": "has | `"}),
        (Pattern("[a-z]{2}", "2 of a-z"), "2 of a-z", ["ab"], {"abc": "is 'abc'", "ab\n": "is 'ab\\n'"}),
        (Each(Forbidden(";")), "none of ; in each item", [(), ("a", "b")], {("a", ";"): "has ; in item 1"}),
        (Marked(1, "flag"), "at most 1 item with flag", [(), (Flagged(True),)], {(Flagged(True),) * 2: "has 2"}),  # noqa: FBT003  a flag
    ],
)
def test_a_bound(bound: Bound, text: str, fitting: list[Any], faults: dict[Any, str]) -> None:
    assert isinstance(bound, BOUNDS)
    assert bound.text == text
    assert [bound.fault(value) for value in fitting] == [None] * len(fitting)
    assert {value: bound.fault(value) for value in faults} == faults


@pytest.mark.parametrize(
    "bound", [Length(2, 3), Range(5, 6), Count(5), Forbidden("x"), Pattern("x", "x"), Each(Length(2))]
)
@pytest.mark.parametrize("value", [1.5, b"x", {1}, object()])
def test_a_value_of_another_kind_is_none_of_its_business(bound: Bound, value: Any) -> None:
    assert bound.fault(value) is None
    assert Marked(0, "flag").fault(value) is None
    assert Total(0, ("a",)).fault(lambda _: value) is None
    assert NotAmong("a", "b").fault(lambda _: value) is None


@pytest.mark.parametrize(
    ("rule", "text", "fitting", "faults"),
    [
        (
            ExactlyOne(("a", "b")),
            "give exactly one of a, b",
            [{"a": 1}, {"b": ""}],
            [({}, "none was given"), ({"a": 1, "b": 2}, "a and b were given")],
        ),
        (AtMostOne(("a", "b")), "give only one of a, b", [{}, {"a": 1}], [({"a": 1, "b": 2}, "a and b were given")]),
        (
            AllOrNone(("a", "b")),
            "give all of a, b, or none",
            [{}, {"a": 0, "b": 0}],
            [({"a": 1}, "only a was given"), ({"b": 1}, "only b was given")],
        ),
        (
            Total(3, ("a", "b")),
            "give at most 3 items in a, b together",
            [{}, {"a": [1, 2], "b": (3,)}],
            [({"a": [1, 2], "b": [3, 4]}, "there are 4"), ({"b": [1, 2, 3, 4]}, "there are 4")],
        ),
        (
            NotAmong("a", "b"),
            "leave a out of b",
            [{"a": 1}, {"a": 1, "b": [2]}],
            [({"a": 1, "b": [2, 1]}, "1 is among them")],
        ),
    ],
)
def test_a_rule(rule: Rule, text: str, fitting: list[Any], faults: list[tuple[Any, str]]) -> None:
    assert rule.text == text
    assert [rule.fault(given.get) for given in fitting] == [None] * len(fitting)
    assert [rule.fault(given.get) for given, _ in faults] == [fault for _, fault in faults]


def test_nothing_to_check_is_no_check() -> None:
    assert compiled([("a", int, ()), ("b", list[Flagged], ()), ("c", str | None, ())], ()) == ()


@frozen
class Named(Model):
    name: str = field(metadata={"bounds": (Length(1),)})


def test_each_model_of_a_list_is_checked() -> None:
    (check,) = compiled([("things", list[Named], ())], ())
    given: dict[str, Any] = {"things": [Named("a"), Named("")]}
    with pytest.raises(InvalidArgumentError, match=r"things\[1\]\.name needs at least 1 character"):
        check(given.get, "")
    for fitting in ([Named("a")], [], None):
        check({"things": fitting}.get, "")
