"""Tables in which people say who somebody is, as they come back from spreadsheets."""

import unicodedata
from pathlib import Path

import pytest

from mi_async import BadInput
from mi_async.bulk.inputs.readers import read_curation
from mi_async.errors import InvalidArgumentError
from mi_async.workflows.curation.table import DUPLICATE_COLUMNS, UNNAMED_COLUMNS, CurationRow, table_header, table_line


def written(path: Path, content: str | bytes, encoding: str = "utf-8") -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


@pytest.mark.parametrize("columns", [UNNAMED_COLUMNS, DUPLICATE_COLUMNS])
def test_a_table_that_nobody_has_filled_in_says_nothing(tmp_path: Path, columns: tuple[str, ...]) -> None:
    rows: list[dict[str, object]] = [{"person_id": 7, "suggestions": "=1+1"}, {"person_id": 8}]
    path = written(
        tmp_path / "faces.csv", b"".join([table_header(columns), *[table_line(columns, row) for row in rows]])
    )
    assert b"'=1+1" in path.read_bytes()
    assert list(read_curation(path)) == [
        CurationRow(7, origin=f"{path}:2"),
        CurationRow(8, origin=f"{path}:3"),
    ]


def test_answers_are_read_as_spreadsheets_write_them(tmp_path: Path) -> None:
    name = unicodedata.normalize("NFD", "홍길동")
    content = (
        f"인물 ID;position;이름;같은 인물;메모;;\n1,001;1; {name} ;;tall;;\n1002.0;2;;1,003;;;\n7;;'-Ha;;;;\n;;;;;;\n"
    )
    path = written(tmp_path / "faces.csv", content, "utf-16")
    assert [(row.person_id, row.name, row.same_as) for row in read_curation(path) if isinstance(row, CurationRow)] == [
        (1001, "홍길동", None),
        (1002, None, 1003),
        (7, "-Ha", None),
    ]


def test_korean_windows_and_json_lines_are_read(tmp_path: Path) -> None:
    old = written(tmp_path / "faces.csv", "person_id,name\n1,홍길동\n", "cp949")
    new = written(tmp_path / "faces.jsonl", '{"person_id": 1, "name": "홍길동", "same_as": null}\n')
    read = [row for path in (old, new) for row in read_curation(path)]
    assert [row.name for row in read if isinstance(row, CurationRow)] == ["홍길동", "홍길동"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("x,,1", "person_id must be the ID of a person, got 'x'"),
        (",,1", "person_id is empty"),
        ("1,,Hong", "same_as must be the ID of a person, got 'Hong'"),
        ("1,,0", "same_as needs 1 to"),
        ("1,,1.2E+15", "same_as is '1.2E+15': a spreadsheet has rounded it"),
        ("1,#REF!,", "name is '#REF!': the formula in this cell has failed"),
    ],
)
def test_a_row_that_cannot_be_read_is_reported_in_its_place(tmp_path: Path, row: str, reason: str) -> None:
    path = written(tmp_path / "faces.csv", f"person_id,name,same_as\n{row}\n2,Ha,\n")
    bad, good = read_curation(path)
    assert isinstance(bad, BadInput)
    assert bad.origin == f"{path}:2"
    assert reason in bad.message
    assert good == CurationRow(2, "Ha", origin=f"{path}:3")


def test_what_is_no_such_table_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="a directory is no table"):
        read_curation(tmp_path)
    with pytest.raises(InvalidArgumentError, match="column 'person_id'"):
        read_curation(written(tmp_path / "a.csv", "name\nHong\n"))
    with pytest.raises(InvalidArgumentError, match=r"'nmae' \(did you mean 'name'"):
        read_curation(written(tmp_path / "b.csv", "person_id,nmae\n1,Hong\n"))
