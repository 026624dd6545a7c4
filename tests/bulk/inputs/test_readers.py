"""Inputs of bulk runs in tables: what is read, what is a bad row, and what is refused before the first."""

import codecs
import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from mi_async.bulk.inputs.encodings import BLOCK
from mi_async.bulk.inputs.media_files import read_assets
from mi_async.bulk.inputs.models import BadInput, PersonInput, ThumbnailUpload
from mi_async.bulk.inputs.readers import count, read_people, read_thumbnails
from mi_async.errors import ConfigError, InvalidArgumentError

Items = list[PersonInput | ThumbnailUpload | BadInput]


def table(tmp_path: Path, text: str | bytes, name: str = "people.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def bad(items: list[Any]) -> list[tuple[str, str]]:
    """Line and message of each bad row."""
    return [(item.origin.rpartition(":")[2], item.message) for item in items if isinstance(item, BadInput)]


def people(path: Path) -> list[tuple[str, list[str], str | None, tuple[str, ...], str]]:
    """What was read, with paths relative to the file again."""
    folder = f"{path.parent}/"
    return [
        (
            item.name,
            [str(picture).removeprefix(folder) for picture in item.thumbnails],
            item.description,
            item.tags,
            item.origin.rpartition(":")[2],
        )
        for item in read_people(path)
        if isinstance(item, PersonInput)
    ]


def test_a_table_of_people(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        "name,thumbnails,description,tags\n"
        '홍길동/앵커,hong.jpg|사진/hong 2.jpg,"Anchor, since 2020",Anchor| News |\n'
        '\n ,,,\nKim,/data/kim.png,"two\nlines",\n',
    )
    assert people(path) == [
        ("홍길동/앵커", ["hong.jpg", "사진/hong 2.jpg"], "Anchor, since 2020", ("Anchor", "News"), "2"),
        ("Kim", ["/data/kim.png"], "two\nlines", (), "5"),
    ]
    assert bad(list(read_people(path))) == [("4", "there is no image in it")]


def test_the_columns_may_be_in_any_order_and_case(tmp_path: Path) -> None:
    path = table(tmp_path, "Thumbnail , NAME\na|b.jpg,Hong\n")
    assert people(path) == [("Hong", ["a|b.jpg"], None, (), "2")], "one picture is not split"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_as_spreadsheets_write_it(delimiter: str, encoding: str, ending: str, tmp_path: Path) -> None:
    rows = [["name", "thumbnail", "tags"], ["홍길동", "길동.jpg", "앵커|뉴스"], ["김민지", "b.jpg", ""]]
    text = "".join(delimiter.join(row) + ending for row in rows)
    path = table(tmp_path, text.encode(encoding), "사람들.csv")
    assert people(path) == [
        ("홍길동", ["길동.jpg"], None, ("앵커", "뉴스"), "2"),
        ("김민지", ["b.jpg"], None, (), "3"),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "cp949"])
def test_a_character_that_a_block_cuts_in_two(encoding: str, tmp_path: Path) -> None:
    before = "name,thumbnail\n" + "".join(f"{'x' * 100_000}{number},a.jpg\n" for number in range(10))
    before += f"{'x' * (BLOCK - len(before) - 7)},a.jpg\n"[1:]
    path = table(tmp_path, before.encode() + "홍길동,길동.jpg\n".encode(encoding))
    assert path.read_bytes()[BLOCK - 1 : BLOCK + 2].decode(encoding, "ignore")[:1] == "홍"
    assert people(path)[-1][0] == "홍길동"


@pytest.mark.parametrize(
    "content",
    [
        b"name,thumbnail\n\xff\xff\xff,a.jpg\n",
        codecs.BOM_UTF8 + b"name,thumbnail\n\xc8\xc8,a\n",
        b"n\0a\0m\0e\0,\0t",
    ],
)
def test_text_in_no_known_encoding(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="save it as UTF-8"):
        read_people(table(tmp_path, content))


def test_names_are_composed(tmp_path: Path) -> None:
    name = "홍길동"
    path = table(tmp_path, f"name,thumbnail\n{unicodedata.normalize('NFD', name)},a.jpg\n{name},b.jpg\n")
    assert people(path) == [(name, ["a.jpg", "b.jpg"], None, (), "2")]


def test_consecutive_rows_of_a_name_are_one_person(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        "name,thumbnail,description,tags\n"
        "Hong,1.jpg,,a\nHong,2.jpg,Anchor,b|a\nHong,3.jpg,Anchor,\nKim,4.jpg,,\nHong,5.jpg,,\n",
    )
    assert people(path) == [
        ("Hong", ["1.jpg", "2.jpg", "3.jpg"], "Anchor", ("a", "b"), "2"),
        ("Kim", ["4.jpg"], None, (), "5"),
        ("Hong", ["5.jpg"], None, (), "6"),
    ]


def test_bad_rows_do_not_stop_the_others(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        "name,thumbnail,description\n"
        "Hong,1.jpg,one\n"
        "Hong,2.jpg,other\n"
        ",3.jpg,\n"
        "Kim,,\n"
        "Lee,4.jpg\n"
        "Lee,4.jpg,x,,y\n"
        'Choi,"5.jpg"x,\n'
        "Park,6.jpg,\n",
    )
    items = list(read_people(path))
    assert bad(items) == [
        ("3", f"'Hong' has a different description at {path}:2"),
        ("4", "name is empty"),
        ("5", "there is no image in it"),
        ("7", "it has 5 fields where the header has 3"),
        ("8", "not readable as CSV: ',' expected after '\"'"),
    ]
    assert [item.name for item in items if isinstance(item, PersonInput)] == ["Hong", "Lee", "Park"]


def test_a_quotation_mark_that_is_left_open(tmp_path: Path) -> None:
    path = table(tmp_path, 'name,thumbnail\nHong,1.jpg\nKim,"2.jpg\nLee,3.jpg\n')
    assert bad(list(read_people(path))) == [
        ("3", "not readable as CSV: unexpected end of data (lines 3 to 4 are lost: is a quotation mark left open?)")
    ]
    rows = "".join(f"P{number},{number}.jpg\n" for number in range(20_000))
    items = list(read_people(table(tmp_path, f'name,thumbnail\nKim,"2.jpg\n{rows}')))
    assert len(bad(items)) == 1
    assert items[-1] == PersonInput("P19999", (str(tmp_path / "19999.jpg"),), origin=f"{tmp_path}/people.csv:20002")


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("name,thumbnail,tag", "unknown column 'tag' (did you mean 'tags'?)"),
        (
            "name,thumbnail,age",
            "unknown column 'age'; the columns are name (이름), thumbnails (사진), thumbnail, description (설명), tags",
        ),
        ("name,,thumbnail,age", "unknown column 'age'"),
        ("name,description", "the column 'thumbnails' or 'thumbnail' (사진) is missing; there are name, description"),
        ("thumbnail", "the column 'name' (이름) is missing"),
        ("name,name,thumbnail", "the column 'name' is there twice"),
        ("name,thumbnail,thumbnails", "give one of the columns thumbnails and thumbnail, not both"),
        ("", "the file is empty"),
        ("person_id,thumbnail", "unknown column 'person_id'"),
    ],
)
def test_columns_are_checked_before_anything(header: str, said: str, tmp_path: Path) -> None:
    path = table(tmp_path, f"{header}\nHong,a,b\n" if header else "")
    with pytest.raises(InvalidArgumentError) as caught:
        read_people(path)
    assert str(caught.value).startswith(f"{path}: {said}")


def test_a_table_of_pictures(tmp_path: Path) -> None:
    path = table(
        tmp_path,
        "person_id,thumbnail,primary\n1001,a.jpg,yes\n1001,b.jpg,\n1002,c.jpg,FALSE\n"
        "Hong,d.jpg,\n,e.jpg,\n-1,f.jpg,\n1003,,\n1003,g.jpg,perhaps\n\u0661,h.jpg,\n",
    )
    items = list(read_thumbnails(path))
    assert items[:3] == [
        ThumbnailUpload(1001, str(tmp_path / "a.jpg"), primary=True, origin=f"{path}:2"),
        ThumbnailUpload(1001, str(tmp_path / "b.jpg"), origin=f"{path}:3"),
        ThumbnailUpload(1002, str(tmp_path / "c.jpg"), origin=f"{path}:4"),
    ]
    assert [line for line, _ in bad(items)] == ["5", "6", "7", "8", "9", "10"]
    assert [message for _, message in bad(items)][:5] == [
        "person_id must be the ID of a person, got 'Hong'",
        "person_id is empty",
        "person_id needs 1 to 9223372036854775807; it is -1",
        "thumbnail is empty",
        "primary is true or false, not 'perhaps'",
    ]


def test_a_number_that_no_journal_holds_is_a_bad_row(tmp_path: Path) -> None:
    numbers = ["0", str(2**63), "9" * 5000, f"000{2**63 - 1}"]
    items = list(read_thumbnails(table(tmp_path, "person_id,thumbnail\n" + "".join(f"{n},a.jpg\n" for n in numbers))))
    assert bad(items) == [
        ("2", "person_id needs 1 to 9223372036854775807; it is 0"),
        ("3", "person_id needs 1 to 9223372036854775807; it is 9223372036854775808"),
        ("4", f"person_id must be the ID of a person, got '{'9' * 5000}'"),
    ]
    assert [item.person_id for item in items if isinstance(item, ThumbnailUpload)] == [2**63 - 1]


def test_json_lines(tmp_path: Path) -> None:
    rows: list[Any] = [
        {"name": "홍길동", "thumbnails": ["a.jpg", "b.jpg"], "tags": ["Anchor"], "description": None},
        {"name": "Kim", "thumbnail": "c.jpg"},
        {"name": "Lee", "thumbnails": "d.jpg|e.jpg", "tags": []},
    ]
    text = "\ufeff" + "\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n\n"
    path = table(tmp_path, text, "people.jsonl")
    assert people(path) == [
        ("홍길동", ["a.jpg", "b.jpg"], None, ("Anchor",), "1"),
        ("Kim", ["c.jpg"], None, (), "2"),
        ("Lee", ["d.jpg", "e.jpg"], None, (), "3"),
    ]


def test_bad_lines_of_json(tmp_path: Path) -> None:
    lines = [
        '{"name": "Hong", "thumbnail": "a.jpg"}',
        '{"name": "Hong", ',
        "[1]",
        '{"name": 7, "thumbnail": "a.jpg"}',
        '{"name": "Kim", "thumbnails": {"a": 1}}',
        '{"name": "Kim", "thumbnails": ["a.jpg", 1]}',
        '{"name": "Kim", "thumbnail": "a.jpg", "tag": ["x"]}',
        '{"name": "Kim", "thumbnail": "a.jpg", "thumbnails": []}',
        '{"thumbnail": "a.jpg"}',
        '{"name": "' + "x" * 2**20 + '"}',
        '{"name": "\\ud800", "thumbnail": "a.jpg"}',
        '{"name": "Lee", "thumbnail": "b.jpg"}',
    ]
    items = list(read_people(table(tmp_path, "\n".join(lines), "people.jsonl")))
    found = dict(bad(items))
    assert list(found) == [str(number) for number in range(2, 12)]
    assert found["3"] == "a line holds one object, not list"
    assert found["4"] == "name is text, not int"
    assert found["5"] == "thumbnails is a list of texts, not dict"
    assert found["6"] == "thumbnails is text, not int"
    assert found["7"].startswith("unknown column 'tag' (did you mean 'tags'?)")
    assert found["8"] == "give one of the columns thumbnails and thumbnail, not both"
    assert found["9"] == "name is empty"
    assert found["10"] == "the line is longer than 1,048,576 characters"
    assert [item.name for item in items if isinstance(item, PersonInput)] == ["Hong", "Lee"]


def test_json_lines_that_cannot_be_meant(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="unknown column 'tag'"):
        read_people(table(tmp_path, '{"name": "Kim", "thumbnail": "a", "tag": "x"}', "people.jsonl"))
    with pytest.raises(InvalidArgumentError, match="this is one JSON array"):
        read_people(table(tmp_path, '\n [{"name": "Kim", "thumbnail": "a"}]', "people.jsonl"))
    assert not list(read_people(table(tmp_path, "", "people.jsonl")))


def test_json_lines_of_pictures(tmp_path: Path) -> None:
    text = '{"person_id": 7, "thumbnail": "a.jpg", "primary": true}\n{"person_id": "8", "thumbnail": "b.jpg"}\n'
    path = table(tmp_path, text + '{"person_id": true, "thumbnail": "b.jpg"}\n', "more.ndjson")
    items = list(read_thumbnails(path))
    assert items[:2] == [
        ThumbnailUpload(7, str(tmp_path / "a.jpg"), primary=True, origin=f"{path}:1"),
        ThumbnailUpload(8, str(tmp_path / "b.jpg"), origin=f"{path}:2"),
    ]
    assert bad(items) == [("3", "person_id must be the ID of a person, got True")]


def test_parquet(tmp_path: Path) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "people.parquet"
    columns = {
        "name": pa.array(["홍길동", "Kim", None]).dictionary_encode(),
        "thumbnails": [["a.jpg", "b.jpg"], ["c.jpg"], []],
        "tags": pa.array([["Anchor"], None, ["News"]]),
    }
    pq.write_table(pa.table(columns), path)
    assert people(path) == [("홍길동", ["a.jpg", "b.jpg"], None, ("Anchor",), "1"), ("Kim", ["c.jpg"], None, (), "2")]
    assert bad(list(read_people(path))) == [("3", "there is no image in it")]
    pq.write_table(pa.table({"person_id": [7, 8], "thumbnail": ["a.jpg", "b.jpg"], "primary": [True, None]}), path)
    assert next(read_thumbnails(path)) == ThumbnailUpload(7, str(tmp_path / "a.jpg"), primary=True, origin=f"{path}:1")
    assert count(path, read_thumbnails) == 2
    pq.write_table(pa.table({"name": ["Kim"], "thumbnail": [b"\xff\xd8"]}), path)
    with pytest.raises(InvalidArgumentError, match="the column 'thumbnail' holds binary"):
        read_people(path)
    path.write_bytes(b"PAR1 not")
    with pytest.raises(InvalidArgumentError, match="not readable as Parquet"):
        read_people(path)


def test_parquet_without_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow.parquet", None)
    with pytest.raises(ConfigError, match=r"pip install 'mi-async\[parquet\]'"):
        read_people(table(tmp_path, b"PAR1", "people.parquet"))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("people.json", "write one object to a line"),
        ("people.xlsx", "save it as CSV UTF-8"),
        ("people.tar", "are read"),
        ("people", "a file without a suffix is no format"),
    ],
)
def test_files_of_other_formats(name: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match=said):
        read_people(table(tmp_path, b"", name))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for name in ("people.csv", "people"):
        with pytest.raises(InvalidArgumentError, match=f"{name}: cannot be read: No such file"):
            read_people(tmp_path / name)


def test_a_file_that_goes_away(tmp_path: Path) -> None:
    path = table(tmp_path, "name,thumbnail\nHong,a.jpg\n")
    items = read_people(str(path))
    path.unlink()
    with pytest.raises(InvalidArgumentError, match="cannot be read"):
        next(items)


def test_how_many_there_are(tmp_path: Path) -> None:
    path = table(tmp_path, "name,thumbnail\nHong,a.jpg\nHong,b.jpg\nKim,\nLee,c.jpg\n")
    assert count(path, read_people) == 3
    assert count(path, read_people, cheap=10) is None


@pytest.mark.parametrize("read", [read_people, read_thumbnails, read_assets])
def test_an_empty_name_is_not_the_current_directory(read: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="the name is empty"):
        read("")
