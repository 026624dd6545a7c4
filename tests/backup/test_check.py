"""The check of a backup: everything that can be wrong with it is named, once."""

import json
from pathlib import Path

import pytest

from mi_async.backup import check_backup
from mi_async.emulator import example_image
from tests.support.backups import add_person
from tests.support.newsroom import Newsroom

pytestmark = pytest.mark.usefixtures("leaves_nothing")


async def test_a_whole_backup_is_well(news: Newsroom, tmp_path: Path) -> None:
    add_person(news.server, "홍길동", example_image(1), example_image(2))
    await news.workspace.back_up(tmp_path)
    told: list[tuple[int, int]] = []
    checked = check_backup(tmp_path, progress=lambda files, size: told.append((files, size)))
    assert (checked.ok, checked.faults, checked.unfinished, len(told)) == (True, (), False, checked.files)
    assert str(checked).endswith("all is well")


async def test_each_fault_is_named(news: Newsroom, tmp_path: Path) -> None:
    add_person(news.server, "홍길동", example_image(1), example_image(2), example_image(3))
    await news.workspace.back_up(tmp_path)
    gone, changed, unlisted = sorted(tmp_path.rglob("*.png"))
    gone.unlink()
    changed.write_bytes(b"x")
    sums = (tmp_path / "SHA256SUMS").read_text().splitlines()
    kept = [line for line in sums if not line.endswith((unlisted.name, "tags.jsonl"))]
    (tmp_path / "SHA256SUMS").write_text("\n".join([*kept, "nonsense", f"{'0' * 64}  ../x"]) + "\n")
    (tmp_path / "images" / "mine.txt").touch()
    (tmp_path / ".unfinished").mkdir()
    (tmp_path / "tags.jsonl").write_text("{}\n")
    checked = check_backup(tmp_path)
    found = {Path(each.file).name: each.fault for each in checked.faults}
    assert found == {
        gone.name: "missing",
        changed.name: "damaged",
        unlisted.name: "missing",
        "SHA256SUMS": "damaged",
        "x": "damaged",
        "tags.jsonl": "damaged",
        "mine.txt": "extra",
    }
    assert not checked.ok
    assert json.loads(json.dumps(checked.as_dict()))["damaged"] == 4
    assert "a later backup was interrupted" in str(checked)
    (tmp_path / "SHA256SUMS").unlink()
    assert {each.fault for each in check_backup(tmp_path).faults} == {"missing", "damaged", "extra"}
