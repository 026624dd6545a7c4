"""``demo`` from end to end, and the version."""

import io
import time
from pathlib import Path

import pytest
from rich.console import Console

from mi_async.cli import demo as module
from mi_async.cli.app import run
from mi_async.cli.people import PEOPLE, example_picture
from mi_async.cli.versions import versions
from mi_async.emulator import Latency
from mi_async.media.image import MAX_BYTES, MIN_PIXELS, read_picture
from mi_async.version import VERSION


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LATENCY", Latency.none())


def test_the_demo_enrolls_everybody(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["mi-async"])
    assert run(["demo", "--seed", "3"]) == 0
    text = capsys.readouterr().out
    pictures = [picture for person in PEOPLE for picture in person.pictures]
    for picture in pictures:
        assert f"{picture}: attach (" in text
    assert f"{len(PEOPLE)} persons with {len(pictures)} pictures in " in text
    assert "thumbnails.presign" in text
    assert f"{len(pictures)} of 50 / 1 s" in text
    for person in PEOPLE:
        [row] = [line for line in text.splitlines() if line.startswith("│") and person.name in line]
        cells = [cell.strip() for cell in row.strip("│").split("│")]
        assert cells[2].split(", ") == list(person.tags)
        assert cells[3] == str(len(person.pictures))
        assert cells[4].isdigit()
    assert text.rindex("mi-async enroll") > text.rindex("│")
    assert "mi-async emulator" in text
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("started", "typed"),
    [
        ("{here}/.venv/bin/mi-async", "{here}/.venv/bin/mi-async"),
        ("{here}/a b/mi-async", "'{here}/a b/mi-async'"),
        (".venv/bin/mi-async", "{here}/.venv/bin/mi-async"),
        ("app.pyz", "{here}/bin/python {here}/app.pyz"),
        ("{here}/mi_async/__main__.py", "{here}/bin/python -m mi_async"),
    ],
)
def test_what_to_type_next_can_be_typed(
    started: str, typed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / "some" / "where" / "deep" / "down"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.argv", [started.format(here=deep)])
    monkeypatch.setattr("sys.path", ["", str(Path(module.__file__).parents[2])])
    for program in (".venv/bin/mi-async", "a b/mi-async"):
        (deep / program).parent.mkdir(parents=True)
        (deep / program).touch(0o755)
    monkeypatch.setattr("sys.executable", str(deep / "bin" / "python"))
    assert module._program() == typed.format(here=deep)
    on_path = tmp_path / "mi-async"
    on_path.touch(0o755)
    assert module._program() == "mi-async"


def test_a_package_in_the_current_directory_is_found_from_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("sys.argv", ["mi_async/__main__.py"])
    monkeypatch.setattr("sys.executable", "/bin/python3")
    folder = str(Path(module.__file__).parents[2])
    monkeypatch.setattr("sys.path", [folder, "/lib/python"])
    assert module._program() == f"PYTHONPATH={folder} /bin/python3 -m mi_async"


async def test_on_a_terminal_the_demo_draws() -> None:
    out = io.StringIO()
    await module._demo(Console(file=out, force_terminal=True, width=110), 1, time.monotonic, lambda: None)
    assert "✔" in out.getvalue()
    assert "\x1b[" in out.getvalue()


def test_the_bundled_pictures_keep_the_rules() -> None:
    formats = set()
    for person in PEOPLE:
        for source in person.sources():
            content = source.read()
            picture = read_picture(content)
            assert picture is not None
            assert min(picture.width, picture.height) >= MIN_PIXELS
            assert len(content) < 40_000 < MAX_BYTES
            assert source.name.endswith(picture.format)
            formats.add(picture.format)
    assert formats == {"jpg", "png", "webp"}
    assert example_picture().endswith("hong-gildong-1.jpg")


def test_version(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"mi-async {VERSION}\n"
    assert run(["--version", "--verbose"]) == 0
    text = capsys.readouterr().out
    for part in ("Python", "aiohttp", "orjson", "cyclopts"):
        assert part in text
    monkeypatch.setattr("aiohttp.http_parser.HttpResponseParserPy", None)
    assert "C (aiohttp's extension)" in versions(full=True)
    monkeypatch.setattr("aiohttp.http_parser.HttpResponseParser", None)
    assert "slow" in versions(full=True)
