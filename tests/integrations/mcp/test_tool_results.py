"""Results for an agent: short, without presigned links, and frank about what was left out."""

from typing import Any

import pytest

from mi_async.integrations.mcp.tool_results import (
    MOST,
    MOST_TEXT,
    REMOVED,
    as_sentences,
    as_text,
    presented,
    without_links,
)

SIGNED = "https://kr.object.ncloudstorage.com/faces/1.jpg?X-Amz-Signature=abc&X-Amz-Date=1"


@pytest.mark.parametrize(
    "text",
    [
        SIGNED,
        SIGNED.replace("https", "HTTPS"),
        SIGNED.replace("1.jpg", "O'Brien.jpg"),
        SIGNED.replace("?", "?file='a b'&"),
        SIGNED.partition("?")[2],
        f"see {SIGNED}, please",
        f"'{SIGNED}'",
    ],
)
def test_links_with_a_query_are_removed_wherever_they_are(text: str) -> None:
    shown = as_text(without_links({"a": [{"url": text}], SIGNED: 1}))
    assert "abc" not in shown
    assert REMOVED in shown


def test_other_texts_stay() -> None:
    value = {"page": "https://guide.ncloud-docs.com/docs/mi", "asked": "who?", "n": [1, None, True, 1.5]}
    assert without_links(value) == value


def test_sentences_are_short_and_without_links() -> None:
    assert as_sentences(f"failed: {SIGNED}") == f"failed: {REMOVED}"
    assert as_sentences("가" * MOST_TEXT) == "가" * MOST_TEXT
    assert as_sentences("x" * (MOST_TEXT + 5)) == "x" * MOST_TEXT + " (5 more characters)"


def test_a_short_result_is_whole() -> None:
    assert presented({"persons": list(range(3))}) == {"persons": [0, 1, 2]}


def test_of_a_long_one_the_lists_are_cut_and_that_is_said() -> None:
    scenes = [{"id": number, "keywords": ["word"] * 150} for number in range(5000)]
    shown = presented({"total": 5000, "scenes": scenes})
    assert len(as_text(shown)) <= MOST
    assert shown["total"] == 5000
    kept = len(shown["scenes"])
    assert kept
    assert shown["left_out"]["scenes"] == f"{5000 - kept:,} of 5,000 items"
    assert "scenes[].keywords" in shown["left_out"]


@pytest.mark.parametrize("value", ["x" * 100_000, ["가" * 50_000] * 3])
def test_long_texts_are_cut(value: Any) -> None:
    shown = presented({"said": value})
    assert len(as_text(shown)) <= MOST
    assert shown["left_out"]


def test_of_what_cannot_be_cut_the_figures_are_left() -> None:
    shown = presented({"total": 7, "wide": {f"member {number}": number for number in range(10_000)}})
    assert shown["total"] == 7
    assert "wide" not in shown
    assert "ask for less" in shown["left_out"][""]
