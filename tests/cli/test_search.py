"""``search`` against a real emulator: by words and by a picture, as JSON and as a table, beside its operations."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import mi_async
from mi_async import SceneRange
from mi_async.cli.app import run
from mi_async.emulator import Latency, Server, Settings
from tests.support.footage import footage, keywords
from tests.support.pictures import picture
from tests.support.terminal import PNG, environment, on_terminal, served

INSTANT = Latency.none()
SEARCHED = Settings(latency=INSTANT, importing=INSTANT, queueing=INSTANT, analysing=INSTANT, searching=INSTANT)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with served(SEARCHED) as running:
        yield running


@pytest.fixture(scope="module")
def word(server: Server) -> str:
    """Something that the first scene of the only video shows."""

    async def prepare() -> str:
        async with mi_async.connect(server.credentials, base_url=server.url) as session:
            workspace = session.workspace("newsroom")
            await workspace.enroll_person("홍길동", [PNG])
            (asset,) = await footage(
                workspace, "뉴스/저녁.mp4", scene_range=SceneRange.EXTRA_SHORT, analysis_person_count=3
            )
            return (await keywords(workspace, asset))[0]

    return asyncio.run(prepare())


@pytest.fixture(autouse=True)
def reachable(server: Server, word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert word
    for name, value in environment(server).items():
        monkeypatch.setenv(name, value)


def test_words_find_scenes(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["search", word]) == 0
    hits = json.loads(capsys.readouterr().out)
    assert hits
    assert {hit["fileName"] for hit in hits} == {"저녁.mp4"}
    assert word in [keyword["name"] for keyword in hits[0]["keywords"]]
    assert run(["search", "--text", word, "--limit", "1"]) == 0
    assert json.loads(capsys.readouterr().out) == hits[:1]


def test_a_table_for_people(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["-o", "table", "search", word]) == 0
    out = capsys.readouterr().out
    assert "저녁.mp4" in out
    assert "0:00:00.0 - 0:00:1" in out
    assert run(["search", "nosuchword", "-o", "table"]) == 0
    assert capsys.readouterr().out == "no items\n"


def test_scenes_are_written_as_a_page(
    server: Server, word: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "scenes.html"
    assert run(["search", word, "--html", str(page), "--lang", "ko", "--limit", "1"]) == 0
    out, err = capsys.readouterr()
    assert (out, err.replace("\r", "")) == ("", f"wrote {page}: scenes 1\n")
    written = page.read_text(encoding="utf-8")
    assert f"{word} · newsroom · 20" in written
    assert "찾은 장면의 점수" in written
    assert ", 전체 0:" in written  # the length of the asset
    page.write_text("mine", encoding="utf-8")
    before = server.log.count("search.request")
    assert run(["search", word, "--html", str(page)]) == 2
    assert server.log.count("search.request") == before
    assert run(["search", "nosuchword", "--html", str(page), "--force", "--lang", "en"]) == 0
    assert "No scene was found." in page.read_text(encoding="utf-8")


def test_the_page_names_the_persons_of_its_scenes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "scenes.html"
    assert run(["search", "--image", PNG, "--confidence", "LOW"]) == 0
    hits = json.loads(capsys.readouterr().out)
    person = next(one["personId"] for hit in hits for one in hit["persons"])
    assert run(["search", "--image", PNG, "--confidence", "LOW", "--html", str(page)]) == 0
    written = page.read_text(encoding="utf-8")
    assert "홍길동" in written
    assert f"ID {person}" not in written


@pytest.mark.parametrize("about", ["", "nosuchword"])
def test_on_a_terminal_it_says_that_it_searches(about: str, word: str) -> None:
    out, shown = on_terminal("search", about or word)
    assert bool(json.loads(out)) is not bool(about)
    assert "searching" in shown
    assert shown.rstrip().endswith("\x1b[2K")  # and takes it back
    assert "\x1b[?25h" in shown
    assert about or "searching" not in on_terminal("search", word, "-v")[1]


def test_a_picture_finds_scenes(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["search", "--image", PNG, "--confidence", "LOW", "--limit", "3"]) == 0
    hits = json.loads(capsys.readouterr().out)
    assert len(hits) == 3
    assert run(["search", "--image", PNG, "--not-person", "1", "--not-person", "2", "--limit", "3"]) == 0
    assert json.loads(capsys.readouterr().out) == hits


def test_where_to_look(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["search", word, "--asset", "1", "--asset", "2"]) == 4
    assert "HTTP 404" in capsys.readouterr().err
    assert run(["search", word, "--project", "1", "--asset", "2"]) == 2
    assert "give exactly one of --project, --asset" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "give TEXT or --image"),
        (["goal", "--image", PNG], "text and image were given"),
        (["a;b"], "needs none of"),
        (["goal", "--confidence", "SOME"], "confidence"),
        (["goal", "--limit", "-1"], "limit"),
        (
            ["goal", "--asset-type", "VIDEO"],
            "with --asset-type, give exactly one of --project, --asset; none was given",
        ),
        (["--image", "none.jpg"], "cannot be read"),
        (["--image", __file__], "not a jpg, png, webp or heic"),
    ],
)
def test_mistakes_are_told_in_one_line(
    arguments: list[str], said: str, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    before = len(server.log.arrivals["search.request"])
    assert run(["search", *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert len(server.log.arrivals["search.request"]) == before


def test_the_operations_of_the_group_stay(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["search", "request", json.dumps({"textQuery": word})]) == 0
    number = json.loads(capsys.readouterr().out)["searchId"]
    assert run(["search", "get", number]) == 0
    assert json.loads(capsys.readouterr().out)["status"] == "COMPLETED"
    assert run(["search", "--text", "get"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_help_shows_both(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["search", "--help"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("Usage: mi-async search TEXT")
    assert all(word in text for word in ("--image", "--person", "get", "request"))


def test_an_image_to_look_for_is_made_to_fit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    image = tmp_path / "query.bmp"
    image.write_bytes(picture("bmp"))
    assert run(["search", "--image", str(image), "-w", "newsroom"]) == 2
    capsys.readouterr()
    assert run(["search", "--image", str(image), "--fit", "-w", "newsroom"]) == 0
    written = capsys.readouterr()
    assert json.loads(written.out)
    assert "query.bmp: " in written.err
