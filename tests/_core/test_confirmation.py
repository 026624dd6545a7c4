"""Codes of plans, and each way to act without the right one."""

import re
from typing import Any

import pytest

from mi_async import InvalidArgumentError, PlanNotConfirmedError
from mi_async._core.confirmation import check_confirmed, confirmation_code

ACTIONS = ("news: merge 7 into 3", "news: merge 8 into 3")
WHAT = "2 persons would be merged for good"


def test_the_code_is_that_of_the_actions_in_their_order() -> None:
    code = confirmation_code(ACTIONS)
    assert re.fullmatch("[0-9a-f]{4}-[0-9a-f]{4}", code)
    assert confirmation_code(iter(ACTIONS)) == code
    others = [ACTIONS[::-1], ACTIONS[:1], (*ACTIONS, ""), ("\n".join(ACTIONS),), ("".join(ACTIONS),)]
    assert len({code, *map(confirmation_code, others)}) == len(others) + 1


def test_a_plan_without_actions_needs_no_code() -> None:
    assert confirmation_code(()) == ""
    check_confirmed("", None, what=WHAT)
    check_confirmed("", "7f3a-91c2", what=WHAT)


def test_names_that_no_encoding_has_are_part_of_the_code() -> None:
    assert confirmation_code(["merge \udc80"]) != confirmation_code(["merge \udc81"])


@pytest.mark.parametrize("typed", ["7f3a-91c2", " 7F3A-91C2\n"])
def test_the_right_code_confirms(typed: str) -> None:
    check_confirmed("7f3a-91c2", typed, what=WHAT)


def test_no_code_is_refused_with_the_code_to_give() -> None:
    with pytest.raises(PlanNotConfirmedError) as caught:
        check_confirmed("7f3a-91c2", None, what=WHAT)
    assert str(caught.value) == f"{WHAT}; look at the plan, then confirm it with confirm='7f3a-91c2'"
    assert isinstance(caught.value, InvalidArgumentError)


@pytest.mark.parametrize("given", ["", "yes", "7f3a91c2", "7f3a-91c2-", True, b"7f3a-91c2"])
def test_what_is_no_code_is_refused_as_none(given: Any) -> None:
    with pytest.raises(PlanNotConfirmedError) as caught:
        check_confirmed("7f3a-91c2", given, what=WHAT, how="give --confirm CODE")
    assert str(caught.value) == f"{WHAT}, and {given!r} is not the code of this plan; give --confirm CODE"


def test_another_code_may_be_that_of_an_older_plan() -> None:
    with pytest.raises(PlanNotConfirmedError) as caught:
        check_confirmed("7f3a-91c2", "7F3A-91c3", what=WHAT)
    other = "'7F3A-91c3' is not the code of this plan, or the plan has changed since it was shown"
    assert str(caught.value) == f"{WHAT}, and {other}; look at the plan, then confirm it with confirm='7f3a-91c2'"
