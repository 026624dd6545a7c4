"""README.md and the pictures of the benchmarks are what is made from the results that are kept."""

from pathlib import Path
from xml.etree import ElementTree as ET

import picture
import pytest
import readme
from results import Machine, Result
from suite import RESULTS, load

PAGE = RESULTS.parent / "README.md"
MACHINE = Machine("2026-01-01 00:00", 0.5, "CPython 3.11", "a processor", 2, "Linux", {"aiohttp": "3"}, 1.0, 2.0)
SVG = "{http://www.w3.org/2000/svg}"
WIDEST = 0.62
"""Of a letter in a wide font, in sizes of it."""


def call(**figures: float) -> dict[str, Result]:
    return {"call": Result("call", MACHINE, figures, ())}


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == readme.text(load(RESULTS)), "run python benchmarks/suite.py --write"


@pytest.mark.parametrize("each", picture.PICTURES, ids=lambda each: each.name)
def test_the_picture_is_current_and_shown(each: picture.Picture) -> None:
    assert (RESULTS.parent / each.name).read_text(encoding="utf-8") == picture.svg(each, load(RESULTS))
    assert f"](benchmarks/{each.name})" in Path(RESULTS.parents[1], "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("most", [1.5, 25.0, 123.45])
@pytest.mark.parametrize("each", picture.PICTURES, ids=lambda each: each.name)
def test_every_text_is_inside_the_picture(each: picture.Picture, most: float) -> None:
    figures = dict.fromkeys(each.labels, most)
    drawn = picture.svg(each, {each.script: Result(each.script, MACHINE, figures, ())})
    assert drawn is not None
    root = ET.fromstring(drawn)  # noqa: S314  drawn here
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    texts = list(root.iter(f"{SVG}text"))
    assert len(texts) == 3 + 2 * len(each.labels)
    for text in texts:
        size = 12 if "small" in text.attrib["class"] else 16 if "title" in text.attrib["class"] else 14
        long, x = len(text.text or "") * size * WIDEST, float(text.attrib["x"])
        start = x - long * {"end": 1.0, "middle": 0.5}.get(text.attrib.get("text-anchor", ""), 0.0)
        assert start >= 0
        assert start + long <= width
        assert 0 < float(text.attrib["y"]) < height


def test_the_picture_needs_nothing_from_outside() -> None:
    drawn = picture.svg(picture.CALL, call(**{"get.32": 1.1}))
    assert drawn is not None
    assert "prefers-color-scheme: dark" in drawn
    assert not any(word in drawn for word in ("href", "@import", "@font-face", "url("))


def test_a_missing_figure_is_left_out() -> None:
    told = picture.caption(picture.CALL, call(**{"get.32": 1.1}))
    assert told is not None
    assert "GET person 1.10" in told
    assert "openai" not in told
    assert picture.svg(picture.CALL, {}) is None
    assert "Not run" in readme.text({})
