"""What docs/ingest.md says under "trying it" is what happens, command by command."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from tests.docs.test_examples import ROOT
from tests.support.films import film
from tests.support.terminal import process

PAGE = (ROOT / "docs" / "ingest.md").read_text("utf-8").partition("## Trying it")[2].partition("\n## ")[0]
INSTALL, EMULATOR, FIRST, AGAIN = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def shell(commands: str, exports: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run them as a reader would, who has pasted the export lines."""
    itself = f'mi-async() {{ {sys.executable} -m mi_async "$@"; }}'
    variables = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    command = ["bash", "-euc", f"{itself}\n{exports}\n{commands}"]
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False, timeout=300)


def test_it_can_be_tried_without_an_account(tmp_path: Path) -> None:
    assert "[cli,emulator]" in INSTALL
    (tmp_path / "clip.mp4").write_bytes(film(size=50_000))
    with process(*EMULATOR.split()[1:], "--port", "0", "--speed", "20") as emulated:
        assert emulated.stdout is not None
        exports = "".join(emulated.stdout.readline() for _ in range(6))
        assert "export MI_ASYNC_STORAGE_URL=http://127.0.0.1:" in exports
        first = shell(FIRST, exports, tmp_path)
        assert first.returncode == 0, first.stderr
        assert "clip.mp4" in first.stdout.rpartition("}")[2]
        again = shell(AGAIN.partition(" | jq")[0], exports, tmp_path)
        told = json.loads(again.stdout)
        assert (told["sent"], told["reused"]) == (0, True)
        assert "mountain" in {word["name"] for scene in told["index"]["scenes"] for word in scene["keywords"]}
        assert shell("mi-async ingest s3://footage/no.mp4", exports, tmp_path).returncode == 4
