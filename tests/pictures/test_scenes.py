"""Pictures of search hits."""

import base64
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from mi_async import Asset, AssetMetaData, Person, pictures
from mi_async.errors import InvalidArgumentError
from mi_async.pictures import Picture, score_histogram, timeline
from mi_async.pictures.scene_scores import BINS, score_counts
from mi_async.pictures.scene_timeline import MOST_ASSETS, MOST_ROWS, MOST_SCENES
from mi_async.pictures.search_words import SEARCH_WORDS
from mi_async.text import time_code
from mi_async.workflows.search.hits import SceneHit
from tests.pictures.test_run_page import HOSTILE, Parsed

HITS = (
    SceneHit(1, "news.mp4", 7, 60_000, 90_000, 0.9, script="goal"),
    SceneHit(1, "news.mp4", 8, 0, 30_000, 0.5),
    SceneHit(2, None, 1, 3_599_950, 3_600_000, None),
    SceneHit(3, "poster.jpg", 1, None, None, 0.4),
    SceneHit(None, None, None, None, None, None),
)


@pytest.mark.parametrize(
    ("milliseconds", "code"),
    [(0, "0:00:00.0"), (999, "0:00:00.9"), (3_599_999, "0:59:59.9"), (360_000_000, "100:00:00.0"), (-5, "0:00:00.0")],
)
def test_time_codes(milliseconds: int, code: str) -> None:
    assert time_code(milliseconds) == code


def test_scenes_are_drawn_where_they_are_in_their_asset() -> None:
    markup = timeline(HITS, lang="en").markup
    page = Parsed(markup)
    assert markup.count('<span class="unbroken">') == 2 * sum(hit.start_ms is not None for hit in HITS) + len(HITS)
    assert markup.count('class="rank"') == len(HITS)
    long = "a" * 60
    assert f'<td data-head="asset">{long}</td>' in timeline([SceneHit(1, long)], lang="en").markup
    drawn = [(values["x"], values["width"]) for tag, values in page.seen if tag == "rect" and "x" in values]
    assert drawn == [("63.333%", "31.667%"), ("0.000%", "31.667%"), ("94.999%", "0.001%")]
    assert "scenes: 2, up to 0:01:30.0; the length of the asset is not known" in page.text
    assert markup.count("stroke-dasharray") == 2
    assert "asset 2" in page.text
    assert "poster.jpg: an image; it has no times" in page.text
    assert "unknown asset" in page.text
    assert "0:01:00.0-0:01:30.0 (0.9) goal" in page.text
    opacities = [values["fill-opacity"] for tag, values in page.seen if tag == "rect" and "x" in values]
    assert (opacities[0], opacities[2]) == ("1.00", "1.00")
    assert 0.45 < float(str(opacities[1])) < 1
    assert "60000" not in markup


def test_a_notebook_does_not_align_words_to_the_right() -> None:
    picture = timeline(HITS, lang="en")
    assert "style=" not in picture.markup
    shown = Parsed(picture._repr_html_())
    cells = [values for tag, values in shown.seen if tag in {"td", "th"}]
    assert len(cells) == 36
    assert all(str(values["style"]).startswith("text-align:left") for values in cells)


@pytest.mark.parametrize(
    "assets",
    [{1: 180_000, 2: 1}, [Asset(1, "news.mp4", 5, AssetMetaData(duration_ms=180_000)), Asset(2, "x.mp4", 5)]],
)
def test_an_asset_ends_where_it_is_known_to_end(assets: Mapping[int, int] | list[Asset]) -> None:
    markup = timeline(HITS, assets=assets, lang="en").markup
    page = Parsed(markup)
    drawn = [(values["x"], values["width"]) for tag, values in page.seen if tag == "rect" and "x" in values]
    assert drawn[:2] == [("33.333%", "16.667%"), ("0.000%", "16.667%")]
    assert "scenes: 2, up to 0:01:30.0 of 0:03:00.0" in page.text
    assert markup.count("stroke-dasharray") == 1  # a length before the last scene is none


async def some() -> AsyncIterator[SceneHit]:
    yield HITS[0]


@pytest.mark.parametrize(
    "wrong", [some(), {1: 2}, "scenes", None, [{"assetId": 1}], [None]], ids=lambda one: type(one).__name__
)
@pytest.mark.parametrize("draw", [timeline, score_histogram])
def test_what_is_no_list_of_hits_is_refused(draw: Callable[..., Picture], wrong: object) -> None:
    with pytest.raises(InvalidArgumentError, match=r"hits must be SceneHit objects, .*\[hit async for hit in .*; got "):
        draw(wrong)


@pytest.mark.parametrize("more", [{"assets": [1]}, {"assets": {1: "x"}}, {"persons": [1]}, {"persons": {"x": "y"}}])
def test_what_are_no_assets_or_persons_is_refused(more: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgumentError, match=r"must be (Asset|Person) objects, .*; got "):
        timeline(HITS, **more)


def test_assets_whose_files_have_one_name_have_their_ids() -> None:
    hits = [SceneHit(n, name, 1, 0, 9, 0.5) for n, name in enumerate(("a.mp4", "a.mp4", "b.mp4"))]
    text = Parsed(timeline(hits, lang="en").markup).text
    assert ("a.mp4 (asset 0)" in text, "a.mp4 (asset 1)" in text, "b.mp4 (asset" in text) == (True, True, False)


@pytest.mark.parametrize("persons", [{7: "Hong <b>"}, [Person(7, "Hong <b>"), Person(9, None)]])
def test_persons_of_hits_have_their_names(persons: Any) -> None:
    """The form of a hit's persons is not documented: one that is read otherwise is left out."""
    shown = [[{"personId": 7}, {"personId": 8}], [{"personId": "7"}, "x"], {"a": 1}, None]
    hits = [SceneHit(1, "a.mp4", n, 0, 9, 0.5, extra={"persons": one}) for n, one in enumerate(shown)]
    page = Parsed(timeline(hits, persons=persons, lang="en").markup)
    assert "Hong <b>, ID 8" in page.text
    assert "b" not in {tag for tag, _ in page.seen}
    assert "persons" not in Parsed(timeline(hits[1:], persons=persons, lang="en").markup).text


@pytest.mark.parametrize("draw", [timeline, score_histogram])
def test_a_picture_has_a_title_and_a_subtitle(draw: Callable[..., Picture]) -> None:
    picture = draw(HITS, title="Goals", subtitle=f"newsroom, {HOSTILE}", lang="en")
    assert picture.title == "Goals"
    assert picture.markup.startswith('<h2>Goals</h2><p class="soft">newsroom, &lt;script&gt;')


def test_the_axis_of_scores_has_ten_steps() -> None:
    page = Parsed(score_histogram([SceneHit(score=0.72)], lang="en").markup)
    assert "1 score: 0.720." in page.text
    assert "00.10.20.30.40.50.60.70.80.91" in page.text


def test_a_notebook_that_is_not_trusted_keeps_the_drawings() -> None:
    """JupyterLab drops inline SVG of such a notebook and leaves its words, one run into the other."""
    hits = [*HITS, SceneHit(4, HOSTILE, 1, 5, 9, 0.5, script=HOSTILE)]
    for picture in (timeline(hits, lang="en"), score_histogram(hits, lang="ko")):
        shown = Parsed(picture._repr_html_())
        inline = [values for tag, values in Parsed(picture.markup).seen if tag == "svg"]
        drawn = [values for tag, values in shown.seen if tag == "img"]
        assert len(drawn) == len(inline) > 0
        assert "svg" not in {tag for tag, _ in shown.seen}
        for image in drawn:
            kind, data = str(image["src"]).split(",")
            assert kind == "data:image/svg+xml;base64"
            svg = ET.fromstring(base64.b64decode(data))  # noqa: S314  our own
            assert svg.get("height") == image["height"]
            assert "currentColor" in base64.b64decode(data).decode()
            assert image["alt"]
    assert "news.mp4: scenes: 2, up to 0:01:30.0" in timeline(hits, lang="en")._repr_html_()


def test_nothing_in_a_hit_becomes_markup() -> None:
    page = Parsed(timeline([SceneHit(1, HOSTILE, 1, 5, 9, 0.5, script=HOSTILE)], lang="en").markup)
    assert {tag for tag, _ in page.seen} & {"script", "img"} == set()
    assert "\u202e" not in page.text
    assert not [name for _, values in page.seen for name in values if name.startswith("on") or name == "style"]


def test_pictures_are_bounded() -> None:
    hits = [SceneHit(n, f"{n}.mp4", 1, 0, 1000, 0.5) for n in range(MOST_ASSETS + 3)]
    hits += [SceneHit(0, "0.mp4", n, n * 10, n * 10 + 5, 0.5) for n in range(2 * MOST_SCENES)]
    page = Parsed(timeline(hits, lang="en").markup)
    assert len([1 for tag, values in page.seen if tag == "rect" and "x" in values]) == MOST_ASSETS - 1 + MOST_SCENES
    assert "Assets that are not drawn: 3." in page.text
    assert f"Scenes that are not listed: {len(hits) - MOST_ROWS:,}." in page.text


def test_without_hits_the_pictures_say_so() -> None:
    assert "찾은 장면이 없습니다" in timeline([], lang="ko").markup
    assert "No scene has a score" in score_histogram([*HITS[2:3], SceneHit(score=float("nan"))], lang="en").markup
    with pytest.raises(InvalidArgumentError, match="lang must be en or ko"):
        timeline(HITS, lang="de")
    assert all(english and korean for english, korean in SEARCH_WORDS.values())


def test_scores_are_counted_once_each() -> None:
    assert score_counts([0, 0.05, 0.5, 1.0], 0, 1) == [1, 1, *[0] * 8, 1, *[0] * 8, 1]
    page = Parsed(score_histogram(HITS, lang="en").markup)
    assert "3 scores from 0.400 to 0.900, half of them at least 0.500." in page.text
    assert len([tag for tag, _ in page.seen if tag == "rect"]) == BINS
    assert "0 - 0.05" in page.text
    wide = Parsed(score_histogram([SceneHit(score=12.0), SceneHit(score=62.0)], lang="en").markup)
    assert "12 - 14.5" in wide.text
    assert "7 - 7.05" in Parsed(score_histogram([SceneHit(score=7.0)], lang="en").markup).text


def test_a_picture_shows_itself_and_is_saved_as_a_page(tmp_path: Path) -> None:
    picture = timeline(HITS, lang="ko")
    assert "mathjax_ignore" in picture._repr_html_()
    assert "<script" not in repr(picture)
    path = tmp_path / "scenes.html"
    picture.save(path)
    picture.save(path)
    page = path.read_text(encoding="utf-8")
    Parsed(page)
    assert '<html lang="ko">' in page
    assert picture.markup in page
    path.write_text("mine")
    with pytest.raises(InvalidArgumentError, match="was not written by mi-async"):
        picture.save(path)
    picture.save(path, force=True)


def test_no_public_name_is_that_of_a_module() -> None:
    """The import of a module puts it into its package, in the place of a function of that name."""
    modules = {path.stem for path in Path(str(pictures.__file__)).parent.glob("*.py")}
    assert modules.isdisjoint(pictures.__all__)
    assert modules.issuperset(vars(pictures)["_HOMES"].values())
