"""Text from outside on its way into messages, log lines and tables."""

import logging
from unicodedata import category, normalize

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mi_async._core.envelope import open_envelope
from mi_async._core.http_messages import Response
from mi_async.cli.output import show
from mi_async.cli.verbosity import log_to_stderr
from mi_async.errors import APIError, MIError
from mi_async.models import Page
from mi_async.text import aligned, display_width, escaped, romanized
from tests.cli.test_output import HONG

FORGED = "no\n2026-01-01 00:00:00 ERROR mi_async: \x1b[2Jall keys were deleted \u202egnp.exe\u2028"
SHOWN = r"no\n2026-01-01 00:00:00 ERROR mi_async: \x1b[2Jall keys were deleted \u202egnp.exe\u2028"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("홍길동.jpg", "홍길동.jpg"),
        ("a\u200db", "a\u200db"),  # emoji need it
        (FORGED, SHOWN),
        ("\x9b31m\x00\x7f\r\t", r"\x9b31m\x00\x7f\r\t"),
        ("\udcff.jpg", r"\udcff.jpg"),  # a path that is not UTF-8
        ("x" * 70_000, "x" * 200 + "... (70,000 characters)"),
        ("\x1b" * 201, r"\x1b" * 200 + "... (201 characters)"),
    ],
)
def test_what_is_not_to_be_seen_is_escaped_and_what_is_long_is_cut(text: str, shown: str) -> None:
    assert escaped(text) == shown


@pytest.mark.parametrize(
    ("text", "width"),
    [("abc", 3), ("김철수", 6), (normalize("NFD", "김철수"), 6), ("\u2764\ufe0f", 1), ("a\u200db", 2), ("e\u0301", 1)],
)
def test_a_text_takes_as_many_columns_as_a_terminal_gives_it(text: str, width: int) -> None:
    assert display_width(text) == width
    assert aligned([(text, "|"), ("x" * 9, "|")])[0] == f"{text}{' ' * (9 - width)}  |"


@given(st.text(max_size=300))
def test_every_message_is_one_line_that_can_be_written(text: str) -> None:
    message = str(MIError(text))
    message.encode()
    assert len(message.splitlines()) <= 1
    assert not {category(c) for c in message} & {"Cc", "Cs", "Zl", "Zp"}
    assert message.isprintable() or "\u200c" in text or "\u200d" in text or any(category(c) == "Zs" for c in text)


def test_what_the_service_says_is_cut_and_escaped_in_the_message_and_kept_in_the_attribute() -> None:
    error = APIError(
        400, "1" * 70_000, FORGED + "x" * 70_000, request_id="r\n1" + "y" * 70_000, operation="persons.get"
    )
    assert str(error).startswith(f"persons.get: {SHOWN}xxx")
    assert len(str(error)) < 900
    assert str(error).isprintable()
    assert error.message.startswith(FORGED)
    assert (len(error.message), len(error.code)) == (4000, 4000)


def test_the_start_of_a_foreign_answer_is_escaped() -> None:
    foreign = Response(502, {"Content-Type": "text/\u202ehtml"}, FORGED.encode())
    with pytest.raises(APIError) as caught:
        open_envelope(foreign, "persons.get")
    assert str(caught.value).isprintable()
    assert r"text/\u202ehtml, 78 bytes, 'no 2026" in str(caught.value)


@pytest.mark.parametrize(
    ("message", "details", "says"),
    [
        ("Bad Request", "pageNum is missing", "Bad Request: pageNum is missing"),
        ("", "pageNum is missing", "pageNum is missing"),
        ("Denied: key", "Denied", "Denied: key"),
        ("Denied", None, "Denied"),
        ("Denied", {"a": 1}, "Denied"),
        ("Denied", FORGED, f"Denied: {SHOWN}"),
    ],
)
def test_the_details_of_the_gateway_reach_the_message(message: str, details: object, says: str) -> None:
    body = orjson.dumps({"error": {"errorCode": "100", "message": message, "details": details}})
    with pytest.raises(APIError) as caught:
        open_envelope(Response(400, {}, body), "persons.list")
    assert caught.value.message == message
    assert caught.value.details == (details if isinstance(details, str) else "")
    assert str(caught.value) == f"persons.list: {says} (HTTP 400, code 100)"


def test_a_line_of_the_log_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    log_to_stderr(0)
    logging.getLogger("mi_async.things").warning("%s changed", FORGED)
    logged = capsys.readouterr().err
    assert logged.count("\n") == 1
    assert logged.endswith(f"WARNING mi_async.things: {SHOWN} changed\n")


def test_a_member_that_the_service_invented_is_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    odd = HONG.__class__(1, "[/b]", extra={"[/bold]": "[red]x[/]", "\x1b[31m": 1})
    show(odd, "table")
    show(Page((odd,)), "table")
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert all(shown.count(text) == 2 for text in ("[/b]", "[/bold]", "[red]x[/]", "\ufffd[31m"))


@pytest.mark.parametrize(
    ("text", "latin"),
    [
        ("홍길동", "hong-gil-dong"),
        (normalize("NFD", "홍길동"), "hong-gil-dong"),
        ("뉴스 Anchor 값", "nyu-seu Anchor gap"),
        ("A가1", "Aga1"),
        ("漢é", "漢é"),
        ("", ""),
    ],
)
def test_hangul_in_latin_letters(text: str, latin: str) -> None:
    assert romanized(text) == latin


def test_every_syllable_has_letters() -> None:
    assert all(romanized(chr(code)).isascii() and romanized(chr(code)).isalpha() for code in range(0xAC00, 0xD7A4))
