"""Backups written by hand, as the documentation of the format has them: no code under test makes them."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from attrs import define, field

from tests.support.bulk import face


def person(number: int, name: str | None, images: Iterable[int] = (0,), **more: Any) -> dict[str, Any]:
    """A person; images are seeds of faces, the first of which is the primary one."""
    return {"id": number, "name": name, "images": list(images), **more}


@define
class HandMade:
    """A backup in a folder.

    Attributes:
        folder: of the backup.
        counts: of its ``backup.json``.
    """

    folder: Path
    counts: dict[str, int] = field(factory=dict)

    def write(self, workspace: str = "archive", **lists: list[dict[str, Any]]) -> Path:
        """Write a backup with these lines; lists that are not given are empty."""
        self.folder.mkdir(parents=True, exist_ok=True)
        persons = [self._person(dict(one), number) for number, one in enumerate(lists.get("persons", []))]
        for name in ("persons", "tags", "projects", "assets", "problems"):
            rows = persons if name == "persons" else lists.get(name, [])
            lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
            (self.folder / f"{name}.jsonl").write_text(lines, encoding="utf-8")
            self.counts[name] = len(rows)
        info = {
            "format": 1,
            "service": "https://media-intelligence.example",
            "workspace": workspace,
            "scope": "workspace",
            "began": "2026-11-27T01:00:00Z",
            "ended": "2026-11-27T01:01:00Z",
            "complete": not self.counts["problems"],
            "counts": self.counts,
        }
        (self.folder / "backup.json").write_text(json.dumps(info), encoding="utf-8")
        return self.folder

    def _person(self, row: dict[str, Any], number: int) -> dict[str, Any]:
        seeds = row.pop("images")
        row["thumbnails"] = [self._thumbnail(1000 * number + at, seed, not at) for at, seed in enumerate(seeds, 1)]
        for first in row["thumbnails"][:1]:
            first["primary"] = True
        return row

    def _thumbnail(self, number: int, seed: int, primary: bool) -> dict[str, Any]:
        content = face(seed)
        digest = hashlib.sha256(content).hexdigest()
        file = f"images/{digest[:2]}/{digest}.jpg"
        (self.folder / file).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / file).write_bytes(content)
        return {"id": number, "primary": primary, "file": file, "sha256": digest, "size": len(content)}
