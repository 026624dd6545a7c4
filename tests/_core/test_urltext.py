"""Arguments as text in a URL: every kind that has a form there, and a refusal by name for every other."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mi_async._core.urltext import from_text, path_segment, to_text
from mi_async.api.persons import Persons
from mi_async.errors import InvalidArgumentError
from tests.support.recorder import Recorder
from tests.support.samples import Colour, Level


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
