"""Tables as Excel, Numbers, LibreOffice, Google Sheets, PowerShell and pandas write them."""

import codecs
import csv
import io
import json
import os
import socket
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from mi_async.bulk.inputs.cells import IMAGE_SUFFIXES
from mi_async.bulk.inputs.models import BadInput, PersonInput, ThumbnailUpload
from mi_async.bulk.inputs.readers import count, read_people, read_thumbnails
from mi_async.errors import InvalidArgumentError

CASES = Path(__file__).parents[2] / "data" / "tables"
PEOPLE = ("name", "thumbnails", "description", "tags")


def table(tmp_path: Path, text: str | bytes, name: str = "people.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def lines(items: Any) -> list[tuple[str, str]]:
    """Line and name of each item, or what is wrong with it, by line."""
    found = [(one.origin.rpartition(":")[2], getattr(one, "message", None) or one.key) for one in items]
    return sorted(found, key=lambda one: int(one[0]))


def people(path: Path, encoding: str | None = None) -> list[tuple[str, str]]:
    return lines(read_people(path, encoding=encoding))


def refused(path: Path, encoding: str | None = None) -> str:
    with pytest.raises(InvalidArgumentError) as caught:
        read_people(path, encoding=encoding)
    return str(caught.value).replace(f"{path}", path.name)


def test_empty_columns_at_the_end(tmp_path: Path) -> None:
    assert people(CASES / "trailcol.csv") == [("2", "홍길동"), ("3", "김민지")]
    path = table(tmp_path, "name,thumbnail,,\nHong,1.jpg\nKim,2.jpg,,,,,\nLee,3.jpg,,x\nPark,4.jpg,,,y\n")
    assert people(path) == [
        ("2", "Hong"),
        ("3", "Kim"),
        ("4", "column 4 (D) has no name in the header, and holds 'x'"),
        ("5", "it has 5 fields where the header has 4"),
    ]
    path = table(tmp_path, "name,thumbnail" + "," * 40 + "\nHong,1.jpg" + "," * 30 + "x\n")
    assert people(path) == [("2", "column 32 (AF) has no name in the header, and holds 'x'")]


@pytest.mark.parametrize("ending", ["\r", "\n", "\r\n"])
@pytest.mark.parametrize(
    "before", ["", "sep=;{}", '"sep=;"{}', "SEP=;{}{}", "#TYPE System.Object{}", "{}", ";;;{}{}", "\ufeff{}"]
)
def test_what_stands_before_the_header(before: str, ending: str, tmp_path: Path) -> None:
    text = f'{before}"name";thumbnail{ending}Hong;1.jpg{ending}'.replace("{}", ending)
    above = text.partition('"name"')[0].count(ending)
    assert people(table(tmp_path, text)) == [(str(above + 2), "Hong")]


def test_the_end_that_dos_marks(tmp_path: Path) -> None:
    assert people(table(tmp_path, b"name,thumbnail\r\nHong,1.jpg\r\n\x1a")) == [("2", "Hong")]


def test_a_title_above_the_header(tmp_path: Path) -> None:
    path = table(tmp_path, "Newsroom 2026,,\n\n,,\nname,thumbnail,tags\nHong,1.jpg,\n")
    assert refused(path) == "people.csv: the columns are in line 4; delete the lines above"
    path = table(tmp_path, "Newsroom 2026,,\n" + "a,b,c\n" * 30 + "name,thumbnail,tags\n")
    assert "unknown column 'Newsroom 2026'" in refused(path)


def test_a_header_of_several_lines(tmp_path: Path) -> None:
    path = table(tmp_path, '"na\nme",thumbnail\nHong,1.jpg\n')
    assert people(path) == [("3", "Hong")]


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("이름,사진,설명,태그", "홍길동,a.jpg|b.jpg,앵커,뉴스"),
        ("인물 이름,썸네일,인물 설명,인물태그", "홍길동,a.jpg\uff5cb.jpg,앵커,뉴스"),
        ("NAME,Thumbnails,Description,Tags", '홍길동,"a.jpg\nb.jpg",앵커,뉴스'),
        ("\ufeff이름 ,\u00a0사진,설명\u200b,태그", '"홍길동\u00a0"," a.jpg|""b.jpg""",\u3000앵커,뉴스'),
    ],
)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_columns_in_korean(header: str, row: str, form: Any, tmp_path: Path) -> None:
    path = table(tmp_path, f"{unicodedata.normalize(form, header)}\n{row}\n")
    assert list(read_people(path)) == [
        PersonInput(
            "홍길동", (f"{tmp_path}/a.jpg", f"{tmp_path}/b.jpg"), "앵커", ("뉴스",), origin=f"{tmp_path}/people.csv:2"
        )
    ]


def test_columns_that_mean_the_same(tmp_path: Path) -> None:
    assert "the columns '이름' and 'name' are the same, 'name'" in refused(table(tmp_path, "이름,name,사진\n"))
    assert "the column 'name' is there twice" in refused(table(tmp_path, "name,name,사진\n"))
    assert "unknown column '이룸' (did you mean" not in refused(table(tmp_path, "이룸,사진\n"))
    assert "unknown column 'nmae' (did you mean 'name'?)" in refused(table(tmp_path, "nmae,사진\n"))


@pytest.mark.parametrize(
    ("cell", "flag"),
    [(cell, True) for cell in ("예", "네", "TRUE", "True", "1", "1.0", "yes", "Y", "t", "O", "참", "WAHR", "VRAI")]
    + [(cell, False) for cell in ("아니오", "아니요", "FALSE", "0", "0.0", "no", "N", "", " ", "거짓", "FAUX")]
    + [("x", None), ("2", None), ("아마", None)],
)
def test_truth_values(cell: str, flag: bool | None, tmp_path: Path) -> None:
    (item,) = read_thumbnails(table(tmp_path, f"인물 ID,사진,대표\n1001,a.jpg,{cell}\n"))
    if flag is None:
        assert isinstance(item, BadInput)
        assert item.message == f"primary is true or false, not {cell!r}"
    else:
        assert isinstance(item, ThumbnailUpload)
        assert item.primary is flag


def test_person_ids_as_spreadsheets_write_them() -> None:
    assert lines(read_thumbnails(CASES / "u_id.csv")) == [
        ("2", "1001"),
        ("3", "1002"),
        ("4", "1003"),
        ("5", "person_id is '1.00E+03': a spreadsheet has rounded it; format the column as text"),
        ("6", "1004"),
        ("7", "1005"),
    ]


@pytest.mark.parametrize(
    ("cell", "person_id"),
    [
        ('"=""1002"""', 1002),
        ('="1002"', 1002),
        ("'1002", 1002),
        ("1002.", 1002),
        ('"1,234,567.00"', 1234567),
        ("\u200e1002\u202c", 1002),
        ("1.002E+03", None),
        ('"9,22337E+18"', None),
        ("1E3", None),
        ('"1,00"', None),
        ('"12,34,567"', None),
        ("1.003", None),
        ("1002.5", None),
        ("-1", None),
        ("#N/A", None),
        ("합계", None),
        ("", None),
    ],
)
def test_further_person_ids(cell: str, person_id: int | None, tmp_path: Path) -> None:
    (item,) = read_thumbnails(table(tmp_path, f"person_id,thumbnail\n{cell},a.jpg\n"))
    assert getattr(item, "person_id", None) == person_id
    assert person_id or "person_id" in getattr(item, "message", "")


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("#N/A", "name is '#N/A': the formula in this cell has failed"),
        ("#REF!", "name is '#REF!': the formula in this cell has failed"),
        ("???", "name is '???': its letters were lost when the table was saved; save it as CSV UTF-8"),
        ("?? ???", "name is '?? ???': its letters were lost when the table was saved; save it as CSV UTF-8"),
        ("í™\u008dê\u00b8\u00b8ë\u008f™", "it was UTF-8 and read as Western text, and may mean '홍길동'"),
        ("MÃ¼ller", "it was UTF-8 and read as Western text, and may mean 'Müller'"),
        ("\u200b", "name is empty"),
    ],
)
def test_names_that_a_program_has_damaged(cell: str, said: str, tmp_path: Path) -> None:
    ((line, message),) = people(table(tmp_path, f"name,thumbnail\n{cell},a.jpg\n"))
    assert (line, message.endswith(said)) == ("2", True), message


def test_names_that_are_sound(tmp_path: Path) -> None:
    names = ["Who?", "Müller", "Ãnon", "'t Hooft", "Ça", "=Kim", "“Hong”", "홍?"]
    assert [
        name for _, name in people(table(tmp_path, "name,thumbnail\n" + "".join(f"{n},a\n" for n in names)))
    ] == names


def test_names_with_marks_that_nobody_sees_are_one_person(tmp_path: Path) -> None:
    text = "name,thumbnail\n홍길동\u200b,1.jpg\n\u3000홍길동,2.jpg\n김,3.jpg\n홍\u00ad길동,4.jpg\na\tb,5.jpg\n"
    items = list(read_people(table(tmp_path, text)))
    assert lines(items) == [("2", "홍길동"), ("4", "김"), ("5", "홍길동"), ("6", "a\tb")]
    assert [item.fault() for item in items if isinstance(item, PersonInput)] == [
        None,
        None,
        None,
        "name has the control character U+0009 at character 2",
    ]


def test_images_that_are_listed_otherwise(tmp_path: Path) -> None:
    path = table(tmp_path, 'name,thumbnails\nHong,"a.jpg, b.jpg"\nKim,a.PNG;b.jpg\nLee,"a, b.jpg"\n')
    said = "separate images by | or line breaks, or give each a row"
    assert people(path) == [
        ("2", f"thumbnails is 'a.jpg, b.jpg': {said}"),
        ("3", f"thumbnails is 'a.PNG;b.jpg': {said}"),
        ("4", "Lee"),
    ]


@pytest.mark.parametrize("suffix", sorted(IMAGE_SUFFIXES))
def test_every_image_of_a_directory_is_one_in_a_list_too(suffix: str, tmp_path: Path) -> None:
    path = table(tmp_path, f'name,thumbnails\nHong,"a{suffix}, b{suffix}"\n')
    said = "separate images by | or line breaks, or give each a row"
    assert people(path) == [("2", f"thumbnails is 'a{suffix}, b{suffix}': {said}")]


def test_a_row_of_totals_is_reported(tmp_path: Path) -> None:
    assert people(table(tmp_path, "name,thumbnail\nHong,1.jpg\n합계,\n")) == [
        ("2", "Hong"),
        ("3", "there is no image in it"),
    ]


def test_a_field_that_is_too_large(tmp_path: Path) -> None:
    large = "x" * (csv.field_size_limit() + 1)
    path = table(tmp_path, f"name,thumbnail\n{large},1.jpg\nKim,2.jpg\n")
    assert people(path) == [("2", "not readable as CSV: field larger than field limit (131072)"), ("3", "Kim")]
    said = "people.csv:1: the header is not readable as CSV: field larger than field limit (131072)"
    assert refused(table(tmp_path, f"{large},thumbnail\n")) == said
    long = 2**20 + 1
    path = table(tmp_path, f'name,thumbnail\n{"y" * long},1.jpg\n"Lee\n{"z" * long}",3\nKim,2.jpg\n')
    said = "the line is longer than 1,048,576 characters"
    assert people(path) == [("2", said), ("3", said), ("5", "Kim")]
    assert refused(table(tmp_path, "y" * long)) == f"people.csv:1: the header is not readable as CSV: {said}"


@pytest.mark.parametrize("text", ["", "\n\n", "\ufeff", "sep=,\r\n", ",,,\n"])
def test_an_empty_table(text: str, tmp_path: Path) -> None:
    assert refused(table(tmp_path, text)) == "people.csv: the file is empty"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PK\x03\x04\x14\0", "people.csv: this is a ZIP archive or a workbook (.xlsx, .ods, .numbers), not text"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "people.csv: this is an Excel workbook (.xls), not text; save it as CSV UTF-8"),
        (b"version https://git-lfs.github.com/spec/v1\n", "people.csv: this is a Git LFS pointer and not the table"),
        (b"\x1f\x8b\x08", "people.csv: this is compressed with gzip; unpack it"),
        (b"<html><table>", "people.csv: this is an HTML page, not a table"),
    ],
)
def test_what_is_only_called_csv(content: bytes, said: str, tmp_path: Path) -> None:
    assert refused(table(tmp_path, content)).startswith(said)


def test_null_characters(tmp_path: Path) -> None:
    items = list(read_people(table(tmp_path, "name,thumbnail\nHo\0ng,1.jpg\nKim,2.jpg\n")))
    assert [item.fault() for item in items if isinstance(item, PersonInput)] == [
        "name has the control character U+0000 at character 3",
        None,
    ]
    with pytest.raises(InvalidArgumentError, match=r"cannot be read: (open: )?embedded null"):
        read_people(tmp_path / "a\0.csv")


def as_text(rows: Sequence[Sequence[Any]], delimiter: str) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows(rows)
    return out.getvalue()


def test_every_format_gives_the_same_items(tmp_path: Path) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    names = ("이름", "사진", "설명", "태그")
    rows = [
        ("홍길동 ", "a.jpg|b.jpg", "앵커, 2020", "뉴스|앵커"),
        ("홍길동", "c.jpg", "", ""),
        ("", "d.jpg", "", ""),
        ("#N/A", "d.jpg", "", ""),
        ("Kim\u200b", " \u202ad.jpg ", "two\nlines", ""),
        ("Lee", "", "", ""),
        (unicodedata.normalize("NFD", "이순신"), "e.jpg, f.jpg", "", ""),
        (unicodedata.normalize("NFD", "이순신"), "e\\f.jpg", "", ""),
    ]
    paths = [
        table(tmp_path, as_text([names, *rows], ","), "t.csv"),
        table(tmp_path, as_text([names, *rows], "\t").encode("utf-16"), "t.tsv"),
        table(tmp_path, "".join(json.dumps(dict(zip(names, r, strict=True))) + "\n" for r in rows), "t.jsonl"),
        tmp_path / "t.parquet",
    ]
    pq.write_table(pa.table({name: [row[n] for row in rows] for n, name in enumerate(names)}), paths[3])
    found = [
        [(getattr(one, "key", None), getattr(one, "message", None), getattr(one, "thumbnails", None)) for one in items]
        for items in map(read_people, paths)
    ]
    assert len(found[0]) == 7
    assert found[0] == found[1] == found[2] == found[3]
    ids: list[Any] = [1001, 1002]
    columns = {"인물 ID": ids, "사진": ["a.jpg", "b.jpg"], "대표": [True, False]}
    paths[0].write_text(as_text([list(columns), *zip(*columns.values(), strict=True)], ","), "utf-8")
    pq.write_table(pa.table(columns), paths[3])
    as_lines = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    table(tmp_path, "\n".join(map(json.dumps, as_lines)), "t.jsonl")
    pictures = [[(one.key, one.primary) for one in read_thumbnails(path)] for path in (paths[0], *paths[2:])]  # type: ignore[union-attr]
    assert pictures == [[("1001", True), ("1002", False)]] * 3


def test_numbers_of_pandas(tmp_path: Path) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "t.parquet"
    ids = [1001.0, float("nan"), 1.5, 2.0**60]
    pq.write_table(pa.table({"person_id": ids, "thumbnail": ["a.jpg"] * 4, "primary": [1.0, 0.0, 0.0, 0.0]}), path)
    assert lines(read_thumbnails(path)) == [
        ("1", "1001"),
        ("2", "person_id is empty"),
        ("3", "person_id must be the ID of a person, got 1.5"),
        ("4", "person_id must be the ID of a person, got 1.152921504606847e+18"),
    ]


def test_a_damaged_parquet_file(tmp_path: Path) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "t.parquet"
    names = pa.array([b"Hong", b"\xff\xfe", b"Kim"]).view(pa.string())
    pq.write_table(pa.table({"name": names, "thumbnail": ["a.jpg"] * 3}), path)
    assert people(path) == [("1", "Hong"), ("2", "a text in it is not UTF-8"), ("3", "Kim")]
    many = [f"name {number}" for number in range(5000)]
    pq.write_table(pa.table({"name": many, "thumbnail": many}), path, compression="snappy")
    whole = path.read_bytes()
    for start in range(4, len(whole) - 8, len(whole) // 40):
        path.write_bytes(whole[:start] + bytes(255 - byte for byte in whole[start : start + 8]) + whole[start + 8 :])
        said = ""
        try:
            count(path, read_people)
        except InvalidArgumentError as error:
            said = str(error).removeprefix(f"{path}: ")
        assert said == "" or said.startswith(("not readable as Parquet: ", "unknown column", "the column"))
        assert len(said) < 300
    path.write_bytes(whole[: len(whole) // 2])
    assert refused(path).startswith("t.parquet: not readable as Parquet: ")


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl", "t.parquet"])
def test_a_table_that_is_no_file(name: str, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    os.mkfifo(tmp_path / name)
    assert refused(tmp_path / name) == f"{name}: cannot be read: not a regular file"
    (tmp_path / name).unlink()
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(tmp_path / name))
        assert refused(tmp_path / name) == f"{name}: cannot be read: not a regular file"
    (tmp_path / name).unlink()
    (tmp_path / name).symlink_to("/dev/zero")
    assert refused(tmp_path / name) == f"{name}: cannot be read: not a regular file"


def test_a_table_that_the_disk_spells_otherwise(tmp_path: Path) -> None:
    path = table(tmp_path, "name,thumbnail\n홍길동,a.jpg\n", unicodedata.normalize("NFD", "사람들.csv"))
    asked = tmp_path / unicodedata.normalize("NFC", "사람들.csv")
    assert people(asked) == [("2", "홍길동")]
    assert count(asked, read_people) == 1
    folder = tmp_path / unicodedata.normalize("NFD", "사람들")
    (folder / "홍길동").mkdir(parents=True)
    (folder / "홍길동" / "1.jpg").touch()
    asked = tmp_path / unicodedata.normalize("NFC", "사람들")
    assert [item.key for item in read_people(asked) if isinstance(item, PersonInput)] == ["홍길동"]
    assert count(asked, read_people) == 1
    path.unlink()


def test_a_table_that_changes_while_it_is_read(tmp_path: Path) -> None:
    path = table(tmp_path, "name,thumbnail\n홍길동,a.jpg\n")
    items = read_people(path)
    path.write_bytes(b"name,thumbnail\n\xff\xff,a.jpg\n")
    with pytest.raises(InvalidArgumentError, match=r"people.csv: cannot be read: 'utf-8' codec can't decode"):
        next(items)
    items = read_people(table(tmp_path, "name,thumbnail\nHong,a.jpg\nKim,b.jpg\n"))
    assert next(items).origin.endswith(":2")
    items.close()
    assert list(items) == []


def test_json_lines_as_powershell_writes_them(tmp_path: Path) -> None:
    reader = read_people(CASES / "ps.jsonl")
    assert (lines(reader), reader.facts.encoding) == ([("1", "홍길동")], "utf-16-le")
    line = '{"이름": "홍길동", "사진": "hong.jpg"}\r\n'
    for encoding, mark in (("utf-8", codecs.BOM_UTF8), ("utf-16-be", codecs.BOM_UTF16_BE), ("cp949", b"")):
        reader = read_people(table(tmp_path, mark + (line * 2).encode(encoding), "t.ndjson"))
        assert (lines(reader), reader.facts.encoding) == ([("1", "홍길동")], encoding)
    path = table(tmp_path, codecs.BOM_UTF16_LE + "[{}]".encode("utf-16-le"), "t.jsonl")
    assert "this is one JSON array" in refused(path)
