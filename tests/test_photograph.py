"""A real photograph, as JPEG, PNG and WebP, on the command line, to an emulator that is a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

PHOTOGRAPH = Path(__file__).parent / "data" / "grace_hopper.jpg"


@pytest.fixture
def service() -> Iterator[dict[str, str]]:
    """Environment for commands that are to find a separately started emulator."""
    command = [sys.executable, "-m", "mi_async", "emulator", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().strip() for _ in range(5)]
        exports = dict(line.removeprefix("export ").split("=", 1) for line in lines if line.startswith("export "))
        yield {**os.environ, **exports}
        process.terminate()


def test_a_photograph_in_every_format_is_enrolled(service: dict[str, str], tmp_path: Path) -> None:
    image = Image.open(BytesIO(PHOTOGRAPH.read_bytes()))
    files = [tmp_path / f"호퍼.{kind}" for kind in ("jpg", "png", "webp")]
    files[0].write_bytes(PHOTOGRAPH.read_bytes())
    for file in files[1:]:
        image.save(file)
    command = [sys.executable, "-m", "mi_async", "enroll", "Grace Hopper", *map(str, files), "--tag", "Admiral"]
    done = subprocess.run(command, env=service, capture_output=True, text=True, check=True)
    person = json.loads(done.stdout)
    assert person["name"] == "Grace Hopper"
    assert [tag["name"] for tag in person["tags"]] == ["Admiral"]
    assert [thumbnail["isPrimaryThumbnail"] for thumbnail in person["thumbnails"]] == [True, False, False]
    assert done.stderr.count("check") == 3  # plain lines, since nobody watches
