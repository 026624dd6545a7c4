"""The picture of README.md is what its command prints, but for times, numbers and the order of what runs at once."""

import importlib.util
import re
from collections import defaultdict
from types import ModuleType
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.docs.test_examples import ROOT

PICTURE = ROOT / "docs" / "images" / "demo.svg"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def recording() -> ModuleType:
    spec = importlib.util.spec_from_file_location("recording", ROOT / "docs" / "recording.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def drawn_lines(svg: str) -> list[str]:
    """Return the texts of a drawing, line by line."""
    lines: dict[str, list[str]] = defaultdict(list)
    for text in ET.fromstring(svg).iter(f"{SVG}text"):  # noqa: S314  drawn here
        lines[text.attrib["y"]].append("".join(text.itertext()))
    return [" ".join(line) for line in lines.values()]


def test_the_picture_is_that_of_a_run(recording: Any) -> None:
    now = recording.svg(recording.lines(recording.screen()))
    kinds = [sorted(map(recording.in_kind, drawn_lines(svg))) for svg in (PICTURE.read_text(encoding="utf-8"), now)]
    assert kinds[0] == kinds[1], "run python docs/recording.py"
    assert len(kinds[0]) > 20


def test_the_picture_needs_nothing_from_outside_and_names_no_folder() -> None:
    svg = PICTURE.read_text(encoding="utf-8")
    assert "prefers-color-scheme:dark" in svg
    assert not re.search(r"href|@import|@font-face|url\(|/(?:home|root|work|tmp)\b", svg)


def test_the_readme_begins_with_the_picture() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) < 70
    assert any("](docs/images/demo.svg)" in line for line in lines[:10])
