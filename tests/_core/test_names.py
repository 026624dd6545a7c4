"""Names in one spelling, whatever they come from."""

import unicodedata

import pytest

from mi_async._core.names import clean_name, name_fault, trimmed

FLAG = "\U0001f469\u200d\U0001f4bb"


@pytest.mark.parametrize(
    ("given", "clean"),
    [
        ("Hong", "Hong"),
        (" Hong\t\r\n", "Hong"),
        (unicodedata.normalize("NFD", "홍길동"), "홍길동"),
        ("\ufeff홍길동", "홍길동"),
        ("\u3000\u00a0홍길동\u200b \u200e\u2028", "홍길동"),
        ("\u202a홍길동\u202c", "홍길동"),
        ("홍\u00ad길\u200b동\u2060", "홍길동"),
        ("홍\u200d길\u200c동", "홍길동"),
        ("Jo\u200dhn", "John"),
        ("홍\u3164길동\uffa0", "홍 길동"),
        ("\u3164\u115f\u1160", ""),
        ("홍\u00a0길동", "홍 길동"),
        ("山田\u3000太郎", "山田\u3000太郎"),
        ("e\u200b\u0301", "é"),
        (FLAG, FLAG),
        ("\u0645\u06cc\u200c\u062e\u0648", "\u0645\u06cc\u200c\u062e\u0648"),
        ("श्री\u200d", "श्री"),
        ("क्\u200dष", "क्\u200dष"),
        ("\u0601123", "\u0601123"),
        ("홍길동 / 앵커", "홍길동 / 앵커"),
        ("a  b", "a  b"),
        ("\ud800\u200b", "\ud800"),
    ],
)
def test_one_spelling(given: str, clean: str) -> None:
    assert clean_name(given) == clean
    assert clean_name(clean) == clean, "it is clean for good"


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("홍길동", None),
        ("a\u3000b", None),
        (FLAG, None),
        ("a\tb", "has the control character U+0009 at character 2"),
        ("a\x00", "has the control character U+0000 at character 2"),
        ("홍길\u0085동", "has the control character U+0085 at character 3"),
        ("a\u2028b", "has the control character U+2028 at character 2"),
        ("홍\ufffd동", "has lost letters (U+FFFD), which only its source can give back"),
        ("\ud800", "is not Unicode text"),
    ],
)
def test_what_no_name_may_hold(name: str, fault: str | None) -> None:
    assert name_fault(name) == fault


def test_the_ends_of_a_cell() -> None:
    assert trimmed(" a b ") == "a b"
    assert trimmed("\u202a C:\\사진\u00a0") == "C:\\사진"
    assert trimmed("\u200b") == ""
