"""``demo`` from end to end, and the version."""

import io
import sys
from pathlib import Path

import pytest

from mi_async.cli.app import run
from mi_async.cli.demo import program_name, run_demo
from mi_async.cli.demo_people import PEOPLE, image_to_try
from mi_async.cli.streams import Stream
from mi_async.cli.versions import installed, parser
from mi_async.emulator import Latency, Settings
from mi_async.media.image import MAX_BYTES, MIN_PIXELS, read_picture
from mi_async.version import VERSION

QUICK = Settings(seed=3, latency=Latency.none(), workspaces=())
PACKAGE = Path(sys.modules["mi_async"].__file__ or "").parents[1]


class Terminal(io.StringIO):
    """Text that calls itself a terminal."""

    def isatty(self) -> bool:
        return True


async def test_the_demo_enrolls_everybody() -> None:
    out = io.StringIO()
    await run_demo(Stream(out, strict=True), QUICK)
    text = out.getvalue()
    images = [image for person in PEOPLE for image in person.images]
    for image in images:
        assert f"{image}: attach (" in text
    assert f"{len(PEOPLE)} persons with {len(images)} images in " in text
    assert "thumbnails.presign" in text
    assert f"{len(images)} of 50 / 1 s" in text
    for person in PEOPLE:
        [row] = [line for line in text.splitlines() if line.startswith("│") and person.name in line]
        cells = [cell.strip() for cell in row.strip("│").split("│")]
        assert cells[2].split(", ") == list(person.tags)
        assert cells[3] == str(len(person.images))
        assert cells[4].isdigit()
    assert text.rindex(" enroll ") > text.rindex("│")
    assert " emulator\n" in text
    assert text.index(" emulator\n") < text.index("  http://127.0.0.1:8080/\n") < text.rindex(" enroll ")
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
    for program in (".venv/bin/mi-async", "a b/mi-async"):
        (deep / program).parent.mkdir(parents=True)
        (deep / program).touch(0o755)

    def typed_next() -> str:
        return program_name(started.format(here=deep), str(deep / "bin" / "python"), [str(PACKAGE)])

    assert typed_next() == typed.format(here=deep)
    on_path = tmp_path / "mi-async"
    on_path.touch(0o755)
    assert typed_next() == "mi-async"


def test_a_package_in_the_current_directory_is_found_from_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    shown = program_name("mi_async/__main__.py", "/bin/python3", ["/lib/python"])
    assert shown == f"PYTHONPATH={PACKAGE} /bin/python3 -m mi_async"


async def test_on_a_terminal_the_demo_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    out = Terminal()
    await run_demo(Stream(out, strict=True), QUICK)
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
    assert image_to_try().endswith("hong-gildong-1.jpg")


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"mi-async {VERSION}\n"
    assert run(["--version", "--verbose"]) == 0
    text = capsys.readouterr().out
    for part in ("Python", "aiohttp", "orjson", "cyclopts"):
        assert part in text
    assert parser(in_c=True) == "C (aiohttp's extension)"
    assert "slow" in parser(in_c=False)
    assert installed("no-such-package-of-ours") == "not installed"
