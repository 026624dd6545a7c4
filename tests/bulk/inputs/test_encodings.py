"""Encodings of tables: what is taken, what is told, and what is refused until it is named."""

import codecs
import random
from pathlib import Path

import pytest

from mi_async.bulk.inputs import encodings
from mi_async.bulk.inputs.encodings import LineReader, LineTooLongError, encoding_of
from mi_async.bulk.inputs.korean import USUAL, Doubt, doubt
from mi_async.bulk.inputs.models import PersonInput
from mi_async.bulk.inputs.readers import count, read_people
from mi_async.bulk.plan.enroll import plan_people
from mi_async.errors import InvalidArgumentError

CASES = Path(__file__).parents[2] / "data" / "tables"
NAME_IT = "save it as UTF-8, or name its encoding (--encoding, encoding=)"

FOREIGN = {
    "shift_jis": ["田中太郎", "やまだ花子", "佐藤健", "鈴木一郎", "高橋ゆき"],
    "euc_jp": ["田中太郎", "山田花子", "佐藤健", "高橋一郎", "渡辺直美"],
    "gb18030": ["王伟", "刘志强", "朱海燕", "杨雪梅", "张伟"],
    "big5": ["周杰倫", "林志玲", "王大明", "黃美華", "張家豪"],
    "cp1252": ["Änne Stern", "Ärne Holm", "Åsa Berg", "Ákos Nagy", "Ãnon"],
    "cp1251": ["Иван Петров", "Анна Иванова", "Пётр", "Ольга", "Ян"],
    "koi8_r": ["Иван Петров", "Анна Иванова", "Пётр", "Ольга", "Ян"],
    "cp1253": ["Αίας", "Μαρία", "Νίκος", "Ελένη", "Γιώργος"],
}

SURNAMES = "김이박최정강조윤장임한오서신권황안송류전홍고문양손배백허유남심노하곽성차주우구민진지엄채원천방공현함변염"
GIVEN = "민서지우예준하은도윤시현주원지훈수빈채영동길미자영숙정호병철경아혜진성민재석상훈은정춘복순덕옥희태규범찬혁솔별"


def table(tmp_path: Path, content: bytes, name: str = "people.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


def of(*names: str, encoding: str) -> bytes:
    return ("name,thumbnail\r\n" + "".join(f"{name},a.jpg\r\n" for name in names)).encode(encoding)


def names(path: Path, encoding: str | None = None) -> list[str]:
    return [item.name for item in read_people(path, encoding=encoding) if isinstance(item, PersonInput)]


def refused(path: Path, encoding: str | None = None) -> str:
    with pytest.raises(InvalidArgumentError) as caught:
        read_people(path, encoding=encoding)
    return str(caught.value).replace(str(path), path.name)


@pytest.mark.parametrize(
    ("encoding", "mark", "told"),
    [
        ("utf-8", b"", "utf-8"),
        ("utf-8", codecs.BOM_UTF8, "utf-8"),
        ("cp949", b"", "cp949"),
        ("euc_kr", b"", "cp949"),
        ("utf-16-le", codecs.BOM_UTF16_LE, "utf-16-le"),
        ("utf-16-be", codecs.BOM_UTF16_BE, "utf-16-be"),
        ("utf-16-le", b"", "utf-16-le"),
        ("utf-16-be", b"", "utf-16-be"),
        ("utf-32-le", codecs.BOM_UTF32_LE, "utf-32-le"),
        ("utf-32-be", codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)
def test_the_encoding_that_is_taken_is_told(encoding: str, mark: bytes, told: str, tmp_path: Path) -> None:
    path = table(tmp_path, mark + of("가나다", "Kim", encoding=encoding))
    reader = read_people(path)
    assert [item.name for item in reader if isinstance(item, PersonInput)] == ["가나다", "Kim"]
    assert reader.facts.encoding == told
    plan = plan_people(read_people(path))
    assert plan.facts.encoding == plan.as_dict()["encoding"] == told
    assert f"encoding  {told}" in " ".join(str(plan).split()).replace("encoding ", "encoding  ")


@pytest.mark.parametrize("encoding", FOREIGN)
@pytest.mark.parametrize("many", [1, 3, 5])
def test_other_languages_are_refused_until_they_are_named(encoding: str, many: int, tmp_path: Path) -> None:
    for start in range(6 - many):
        own = FOREIGN[encoding][start : start + many]
        path = table(tmp_path, of(*own, encoding=encoding))
        assert refused(path).endswith(NAME_IT)
        assert names(path, encoding) == own
        assert count(path, read_people, encoding=encoding) == many


def test_what_is_said_of_text_that_is_unlikely_to_be_korean() -> None:
    said = "not UTF-8, and as CP949 unlikely to be Korean"
    assert refused(CASES / "sjis.csv") == f"sjis.csv:2: {said}: '밹뭷뫞쁚,kim.jpg'; {NAME_IT}"
    assert refused(CASES / "cp1252.csv") == f"cp1252.csv:2: {said}: '훞ne Stern,kim.jpg'; {NAME_IT}"
    assert names(CASES / "sjis.csv", "shift_jis") == ["田中太郎", "やまだ花子"]
    assert names(CASES / "cp1252.csv", "windows-1252") == ["Änne Stern", "Ärne Holm"]


def test_korean_is_not_doubted() -> None:
    pick = random.Random(9)  # noqa: S311  names for a test
    for many in (1, 2, 3, 10, 50):
        for _ in range(200):
            own = [f"{pick.choice(SURNAMES)}{pick.choice(GIVEN)}{pick.choice(GIVEN)},사진/{n}.jpg" for n in range(many)]
            assert doubt(own) is None, own
    assert set(SURNAMES + GIVEN) <= USUAL
    for line in (
        "홍길동(洪吉童),a.jpg",
        "“앵커” · 기자 ※,홍.jpg",
        "SK텔레콤,a형.jpg",
        "톰 크루즈,스티븐 스필버그",
        "똠방각하 김철수,b.jpg",
        "ascii",
    ):
        assert doubt([line]) is None


def test_where_korean_is_doubted() -> None:
    assert doubt(["홍길동", "밳nne"]) == Doubt(2, "밳nne"), "a rare syllable beside a Latin letter"
    assert doubt([*["홍길동,a.jpg"] * 50, "뷁쀍쐛,b.jpg\r\n"]) == Doubt(51, "뷁쀍쐛,b.jpg"), "a line of rare ones"
    assert doubt(["洪吉童,a.jpg"]) == Doubt(1, "洪吉童,a.jpg"), "Chinese characters alone"
    assert doubt(["聾베邏,a", "홍길동,b"]) == Doubt(1, "聾베邏,a"), "Chinese characters beside Hangul"
    assert doubt(["홍길동", "김민지", "뷁쀍쐛"], most_lines=2) is None


def test_one_line_in_another_encoding(tmp_path: Path) -> None:
    said = f"this line is not UTF-8, and other lines are; {NAME_IT}"
    assert refused(CASES / "mixed.csv") == f"mixed.csv:4: {said}"
    own = of("홍길동", encoding="utf-8") + "이영희,b.jpg\n".encode("cp949") + "김,c.jpg\n".encode()
    assert refused(table(tmp_path, own)) == f"people.csv:3: {said}"
    assert refused(table(tmp_path, own.replace(b"\r\n", b"\r").replace(b"\n", b"\r"))) == f"people.csv:3: {said}"
    line = '{"name": "홍길동", "thumbnail": "a.jpg"}\n'
    path = table(tmp_path, (line * 2).encode() + line.encode("cp949"), "t.jsonl")
    assert refused(path) == f"t.jsonl:3: {said}"


def test_a_line_far_behind(tmp_path: Path) -> None:
    own = of(*["홍길동" * 20_000] * 9, encoding="utf-8") + b"\xff,b.jpg\n"
    path = table(tmp_path, own)
    assert refused(path) == f"people.csv:11: this line is not UTF-8, and other lines are; {NAME_IT}"
    with pytest.raises(InvalidArgumentError, match=r"neither UTF-8 \(see line 11\) nor CP949 \(see line 2\)"):
        encoding_of(path, small=10)
    assert refused(path, "utf-8") == "people.csv:11: the text is not in utf-8, as it was named; save it as UTF-8"
    path = table(tmp_path, codecs.BOM_UTF8 + own)
    said = "the text is not valid utf-8, though the file begins with the mark of that; save it as UTF-8"
    assert refused(path) == f"people.csv:11: {said}"
    path = table(tmp_path, of("Hong", "Kim", encoding="utf-16-le") + b"\x01\xd8a\x00,\x00")
    assert refused(path) == (
        "people.csv:4: the text is not valid utf-16-le, though every other byte is null; save it as UTF-8"
    )


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("klingon", "there is no encoding 'klingon'; utf-8, utf-16, cp949, shift_jis, gb18030 and cp1252 are some"),
        ("base64", "there is no encoding 'base64'"),
        ("a\0b", "there is no encoding 'a\\x00b'"),
        ("utf-16", "people.csv: the file begins with the mark of utf-8, and is not utf-16; leave out the encoding"),
        ("cp949", "people.csv: the file begins with the mark of utf-8, and is not cp949; leave out the encoding"),
    ],
)
def test_an_encoding_that_cannot_be_meant(named: str, said: str, tmp_path: Path) -> None:
    assert refused(table(tmp_path, codecs.BOM_UTF8 + of("홍길동", encoding="utf-8")), named).startswith(said)


@pytest.mark.parametrize(
    ("named", "mark"), [("utf-8", codecs.BOM_UTF8), ("UTF-8-SIG", codecs.BOM_UTF8), ("latin1", b"")]
)
def test_an_encoding_that_was_named_well(named: str, mark: bytes, tmp_path: Path) -> None:
    assert names(table(tmp_path, mark + of("Jose", encoding="utf-8")), named) == ["Jose"]


def test_what_has_no_encoding(tmp_path: Path) -> None:
    assert refused(tmp_path, "utf-8").endswith("a directory has no encoding; leave out utf-8")
    assert (
        refused(table(tmp_path, b"PAR1", "t.parquet"), "utf-8")
        == "t.parquet: a .parquet file has no encoding; leave out utf-8"
    )


def test_lines_one_by_one(tmp_path: Path) -> None:
    path = table(tmp_path, "\ufeffab\rcd\r\n\nefghijklmnop\nq".encode())
    with encodings.open_text(path, "utf-8") as file:
        reader = LineReader(file, 6)
        assert [next(reader), next(reader), next(reader)] == ["ab\r", "cd\r\n", "\n"]
        with pytest.raises(LineTooLongError, match="longer than 6 characters"):
            next(reader)
        assert (next(reader), reader.number, list(reader)) == ("q", 5, [])
