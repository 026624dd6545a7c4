"""The same rows in every format, and as objects in Python, are the same items."""

import csv
import json
import os
import random
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from mi_async.bulk import read_people, read_thumbnails
from mi_async.bulk.inputs.models import BadInput, PersonInput, ThumbnailUpload

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")

TableCells: TypeAlias = Mapping[str, Any]
"""A row: lists, numbers and truth values as they are, None for an empty cell."""

NAMES = ("홍길동", "이 순신", 'Kim "Kid" Lee', "O'Neil", "a,b", "a;b", "Zoë", "李舜臣", "=SUM", "007", "true", "N/A")
TEXTS = (None, "앵커", 'said "no"', "one, two; three", "x" * 700, "  blanks at the ends  ", "first line\nsecond line")
FILES = ("hong.jpg", "사진 1.png", 'with "quotes".jpg', "deep/er/kim.webp", "a,b.jpg", "일.이.jpg", "it's.png")
TAGS = ("Anchor", "기자", "a,b", 'the "one"', "a;b")


def _spelled(text: str, chance: random.Random) -> str:
    return unicodedata.normalize(chance.choice(("NFC", "NFD")), text)


def seeded(seed: int) -> random.Random:
    """Return a generator whose numbers are the same in each run."""
    return random.Random(seed)  # noqa: S311  no secret


def _some(choices: Sequence[str], most: int, chance: random.Random) -> list[str] | None:
    return [_spelled(each, chance) for each in chance.sample(choices, chance.randint(0, most))] or None


def people(chance: random.Random) -> list[TableCells]:
    """People, each in one row or in several; some without a name, without an image, or with two descriptions."""
    rows: list[TableCells] = []
    for number in range(40):
        name = None if chance.random() < 0.1 else f"{chance.choice(NAMES)} {number}"
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            own = {"name": name and _spelled(name, chance), "thumbnails": _some(FILES, 3, chance)}
            rows.append({**own, "description": chance.choice(TEXTS), "tags": _some(TAGS, 2, chance)})
    return [*rows, dict.fromkeys(rows[0])]  # and a blank row at the end, as of many a sheet


def uploads(chance: random.Random) -> list[TableCells]:
    """Images for people; some without an ID or with one that is none, some without an image."""
    numbers = (*range(1, 30), 2**53 + 1, 2**63 - 1, 0, -1, None)
    return [
        {
            "person_id": chance.choice(numbers),
            "thumbnail": None if chance.random() < 0.1 else _spelled(chance.choice(FILES), chance),
            "primary": chance.choice((True, False, None)),
        }
        for _ in range(60)
    ]


def _as_text(value: object) -> str:
    if isinstance(value, list):
        return "|".join(value)
    return "" if value is None else str(value)


def _delimited(delimiter: str) -> Callable[[Path, Sequence[TableCells]], None]:
    def write(path: Path, rows: Sequence[TableCells]) -> None:
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file, delimiter=delimiter)
            writer.writerow(rows[0])
            writer.writerows([_as_text(value) for value in row.values()] for row in rows)

    return write


def _json_lines(path: Path, rows: Sequence[TableCells]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def _parquet(path: Path, rows: Sequence[TableCells]) -> None:
    pq.write_table(pa.Table.from_pylist([dict(row) for row in rows]), path, row_group_size=7)


FORMATS: Mapping[str, Callable[[Path, Sequence[TableCells]], None]] = {
    "comma.csv": _delimited(","),
    "semicolon.csv": _delimited(";"),
    "rows.tsv": _delimited("\t"),
    "rows.jsonl": _json_lines,
    "rows.parquet": _parquet,
}


def _read(
    read: Callable[[Path], Iterable[object]], rows: Sequence[TableCells], folder: Path
) -> dict[str, list[tuple[Any, ...]]]:
    """Write the rows in every format, and return by format what is read, without the places."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for name, write in FORMATS.items():
        write(folder / name, rows)
        found[name] = [_without_place(item, str(folder / name)) for item in read(folder / name)]
    return found


def _without_place(item: object, path: str) -> tuple[Any, ...]:
    match item:
        case PersonInput():
            return item.name, item.thumbnails, item.description, item.tags
        case ThumbnailUpload():
            return item.person_id, item.source, item.primary
        case BadInput():  # one that names another row does so by its line, which formats count differently
            return (item.message.partition(f"{path}:")[0],)
        case _:
            pytest.fail(f"no item: {item!r}")


def _good(items: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [item for item in items if len(item) > 1]


@pytest.mark.parametrize("seed", range(8))
def test_people_are_the_same_in_every_format(seed: int, tmp_path: Path) -> None:
    rows = people(seeded(seed))
    first, *others = _read(read_people, rows, tmp_path).values()
    assert all(other == first for other in others)
    assert 0 < len(_good(first)) < len(first)


@pytest.mark.parametrize("seed", range(8))
def test_uploads_are_the_same_in_every_format(seed: int, tmp_path: Path) -> None:
    rows = uploads(seeded(seed))
    first, *others = _read(read_thumbnails, rows, tmp_path).values()
    assert all(other == first for other in others)
    assert 0 < len(_good(first)) < len(first)


@pytest.mark.parametrize("seed", range(8))
def test_people_of_a_table_are_those_that_python_would_make(seed: int, tmp_path: Path) -> None:
    rows = [row for row in people(seeded(seed)) if row["name"] and row["thumbnails"]]
    rows = [{**row, "description": "the same"} for row in rows]
    made = [
        PersonInput(
            several[0]["name"],
            [os.path.join(tmp_path, file) for row in several for file in row["thumbnails"]],  # noqa: PTH118  as readers
            "the same",
            [tag for row in several for tag in row["tags"] or ()],
        )
        for _, group in groupby(rows, key=lambda row: unicodedata.normalize("NFC", row["name"]))
        for several in [list(group)]
    ]
    for found in _read(read_people, rows, tmp_path).values():
        assert found == [_without_place(person, "") for person in made]


@pytest.mark.parametrize("seed", range(8))
def test_uploads_of_a_table_are_those_that_python_would_make(seed: int, tmp_path: Path) -> None:
    rows = [row for row in uploads(seeded(seed)) if row["thumbnail"] and (row["person_id"] or 0) > 0]
    made = [
        ThumbnailUpload(
            row["person_id"],
            os.path.join(tmp_path, row["thumbnail"]),  # noqa: PTH118  as readers
            row["primary"] is True,
        )
        for row in rows
    ]
    for found in _read(read_thumbnails, rows, tmp_path).values():
        assert found == [_without_place(upload, "") for upload in made]


def test_a_row_of_nothing_but_empty_cells_of_pandas_is_blank(tmp_path: Path) -> None:
    columns = {"person_id": [1.0, float("nan"), float("nan")], "thumbnail": ["1.jpg", None, "2.jpg"]}
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    read = list(read_thumbnails(tmp_path / "a.parquet"))
    assert [item.person_id for item in read if isinstance(item, ThumbnailUpload)] == [1]
    assert [item.message for item in read if isinstance(item, BadInput)] == ["person_id is empty"]
