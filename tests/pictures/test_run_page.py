"""The page of a bulk run, from real journals."""

import asyncio
import base64
import hashlib
import io
import re
import tracemalloc
from collections.abc import Iterator
from datetime import UTC
from html.parser import HTMLParser
from pathlib import Path

import attrs
import pytest
from PIL import Image

from mi_async.bulk.enroll.decisions import refuse_duplicate
from mi_async.bulk.journal.journal import Journal
from mi_async.bulk.journal.records import AssetRecord, ImageRecord, PersonRecord, Record
from mi_async.bulk.report.advice import ADVICE
from mi_async.cli.app import run
from mi_async.errors import ImageRejectedError, InvalidArgumentError, JournalError
from mi_async.language import PageWords
from mi_async.media.image import MAX_BYTES
from mi_async.media.image_check import RawImage, checked_image
from mi_async.pictures import journal_page, save_journal_page
from mi_async.pictures.journal_words import JOURNAL_WORDS, KOREAN_ADVICE
from tests.bulk.journal.test_reader import NEWSROOM, ended
from tests.support.pictures import picture

HOSTILE = '<script>alert(1)</script> \u202egpj.exe "><img src=x onerror=alert(2)> \ud800'
VOID = {"meta", "img", "br", "wbr"}
START = 1_790_000_000.0


class Parsed(HTMLParser):
    """Elements, identifiers and text of a page whose elements must all be closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)
        assert self.open == []
        ids = [values["id"] for _, values in self.seen if "id" in values]
        assert len(ids) == len(set(ids))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def made(path: str | Path, *records: Record, operation: str = "enroll") -> None:
    """Write a journal of a run that has ended."""

    async def write() -> None:
        journal = await Journal.open(path, attrs.evolve(NEWSROOM, operation=operation))
        for at in range(0, len(records), 10_000):
            await journal.write(*records[at : at + 10_000])
        await journal.aclose()

    asyncio.run(write())


def stored(count: int, a_minute: int, start: float = START, name: str = "Hong") -> Iterator[Record]:
    """Return persons whose images were stored at this rate."""
    for number in range(count):
        yield PersonRecord(f"{name} {number}", "done", number, run=1)
        at = start + number * 60 / a_minute
        yield ImageRecord(f"{name} {number}", f"{number:064}", f"{number}.jpg", state="attached", stored_at=at)


def test_the_page_of_a_file_and_of_a_database(place: str) -> None:
    asyncio.run(ended(place))
    page = Parsed(journal_page(place, lang="en"))
    for word in (
        "newsroom",
        "10049",
        "the name is too long: shorten it in the input",
        "OVER_SIZE_LIMIT",
        "went through the input",
    ):
        assert word in page.text
    assert "Of 5 items 4 did not go well" in page.text
    assert not re.search(r"journal retry \S+ --code", page.text)  # what timed out is parked, and continues without it
    assert re.search(r"mi-async enroll-many \u2039INPUT\u203a --workspace newsroom --journal \S+", page.text)
    assert "WXYZ" not in page.text


def test_nothing_in_a_journal_becomes_markup(tmp_path: Path) -> None:
    path = tmp_path / "run.journal"
    leak = "see https://bucket.example/a.jpg?X-Amz-Signature=SECRET&X-Amz-Credential=KEY"
    clean = HOSTILE.replace("\ud800", "")
    made(path, PersonRecord(clean, "failed", 1, (), "<b>&", leak, clean, 1))
    markup = journal_page(path, lang="en")
    page = Parsed(markup)
    assert {tag for tag, _ in page.seen} & {"script", "b", "a", "link", "iframe", "object", "form"} == set()
    assert not [tag for tag, _ in page.seen if tag == "img"]
    assert "<script>alert(1)</script> \ufffdgpj.exe" in page.text
    assert "SECRET" not in markup
    assert "\u202e" not in markup
    handlers = [name for _, values in page.seen for name in values if name.startswith("on") or name == "style"]
    assert handlers == []


def test_the_policy_allows_the_one_style_and_nothing_else(tmp_path: Path) -> None:
    made(tmp_path / "run.journal")
    page = journal_page(tmp_path / "run.journal", lang="en")
    [style] = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'" in page
    assert re.findall(r"(?:href|src|url)\s*[=(]", page) == []
    assert "prefers-color-scheme: dark" in style


def test_a_run_over_media_files_has_no_chart(tmp_path: Path) -> None:
    path = tmp_path / "run.journal"
    bad = AssetRecord(1, "b", "k.mp4", "k.mp4", status="failed", code="10010", message="gone", run=1)
    made(
        path,
        bad,
        AssetRecord(1, "b", "l.mp4", "l.mp4", 2_000_000, status="done", fresh=True, run=1),
        operation="ingest",
    )
    page = Parsed(journal_page(path, lang="en"))
    assert "no times of upload" in page.text
    assert "put it back" in page.text
    assert "sent by all runs together2.0 MB" in page.text
    assert "ingest-many ‹INPUT› --workspace newsroom --project 1 --journal" in page.text  # noqa: RUF001


def test_a_journal_without_items_and_one_that_is_not_there(tmp_path: Path) -> None:
    made(tmp_path / "run.journal")
    page = Parsed(journal_page(tmp_path / "run.journal", lang="en"))
    assert "The latest run has seen no items." in page.text
    assert "Nothing has failed." in page.text
    assert "Nothing is left to do." in page.text
    with pytest.raises(JournalError):
        journal_page(tmp_path / "other.journal")


def test_the_rate_is_drawn_against_the_quota_with_its_figures_in_a_table(tmp_path: Path) -> None:
    path = tmp_path / "run.journal"
    made(path, *stored(2000, 500), *stored(60, 20, START + 7200, "Yi"), *stored(3, 600, START + 14400, "Kim"))
    page = Parsed(journal_page(path, lang="en", zone=UTC))
    assert "2,000 images, " in page.text
    assert "Dashed line: quota, 1,000 a minute." in page.text
    assert "The line of the quota, 1,000 a minute, is not shown: it is far above." in page.text
    assert "3 images within 1 min 00 s, too short for a chart" in page.text
    assert len([tag for tag, values in page.seen if tag == "line" and values["class"] == "quota"]) == 1
    charts = [
        values for tag, values in page.seen if tag == "svg" and str(values.get("aria-labelledby")).startswith("rate")
    ]
    assert [chart["role"] for chart in charts] == ["img", "img"]
    assert len([tag for tag, _ in page.seen if tag == "details"]) == 2


def test_images_that_failed_are_shown_where_their_files_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("good.jpg").write_bytes(picture("jpg", 900, 600))
    Path("clear.png").write_bytes(picture("png", 300, 300))
    Path("broken.jpg").write_bytes(b"\xff\xd8\xff nothing")
    names = ("good.jpg", "broken.jpg", "clear.png", "gone.jpg")
    failed = [ImageRecord("Yi", name, name, state="failed", code="10069", message="no face") for name in names]
    made("run.journal", PersonRecord("Yi", "failed", 1, run=1), *failed)
    page = Parsed(journal_page("run.journal", lang="en"))
    shown = [values for tag, values in page.seen if tag == "img"]
    assert {image["alt"] for image in shown} == {"good.jpg", "clear.png"}
    for image in shown:
        content = base64.b64decode(str(image["src"]).removeprefix("data:image/jpeg;base64,"))
        opened = Image.open(io.BytesIO(content))
        assert (opened.format, max(opened.size) <= 200) == ("JPEG", True)
    assert "no preview: it cannot be decoded" in page.text
    assert "Files that are not there any more: 1." in page.text
    assert not [tag for tag, _ in Parsed(journal_page("run.journal", images=False)).seen if tag == "img"]


def test_lists_are_bounded_and_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a").mkdir()
    failed: list[Record] = []
    for number in range(35):
        path = Path("a", f"{number:02}.jpg")
        path.write_bytes(b"\xff\xd8\xff nothing")
        failed.append(PersonRecord(f"Yi {number:02}", "failed", number, run=1))
        failed.append(ImageRecord(f"Yi {number:02}", "a", str(path), state="failed", code=f"c{number}", message="no"))
    made(
        "run.journal",
        *failed,
        *[PersonRecord(f"Hong {n}", run=1) for n in range(3)],
        PersonRecord("Ama", "done", run=1),
    )
    for _ in range(21):
        made("run.journal")
    page = Parsed(journal_page("run.journal", lang="en"))
    assert "Codes that are not shown: 5." in page.text
    assert "Earlier runs that are not shown: 2." in page.text
    assert "More than 24; the first ones are shown." in page.text
    assert page.text.count("mi-async journal retry run.journal --code") == 5


def test_items_in_flight_are_resumed_by_the_next_run(tmp_path: Path) -> None:
    made(tmp_path / "run.journal", PersonRecord("Hong", run=1), PersonRecord("Yi", "done", 1, run=1))
    page = Parsed(journal_page(tmp_path / "run.journal", lang="en", zone=UTC))
    assert "Items in flight: 1; the next run resumes them." in page.text
    assert "in flight: 1 (50.0 %)" in page.text
    assert "Run the same command with the same journal again" in page.text


def test_all_went_well(tmp_path: Path) -> None:
    made(tmp_path / "run.journal", PersonRecord("Yi", "done", 1, run=1))
    assert "Everything is at the service. Items: 1." in Parsed(journal_page(tmp_path / "run.journal", lang="en")).text


def test_korean_has_every_word_and_all_advice(tmp_path: Path) -> None:
    asyncio.run(ended(tmp_path / "run.journal"))
    page = journal_page(tmp_path / "run.journal", lang="ko")
    assert '<html lang="ko">' in page
    assert "대량 작업 보고서: 워크스페이스 newsroom" in page
    assert "이름이 너무 깁니다" in page
    assert KOREAN_ADVICE.keys() == ADVICE.keys()
    for english, korean in JOURNAL_WORDS.values():
        assert set(re.findall(r"{\w+}", korean)) <= set(re.findall(r"{\w+}", english))
    assert PageWords("ko", JOURNAL_WORDS).duration(3900) == "1시간 05분"


def test_reasons_of_ours_are_korean_and_the_file_has_its_column(tmp_path: Path) -> None:
    reasons = {}
    for name, content in {
        "cut.jpg": picture("jpg", 640, 480)[:-2],
        "head.png": picture("png", 640, 480)[:20],
        "small.png": picture("png", 100, 99),
        "big.jpg": bytes(MAX_BYTES + 1),
        "text.jpg": b"nothing",
    }.items():
        with pytest.raises(ImageRejectedError) as caught:
            checked_image(RawImage(name, content))
        reasons[name] = PersonRecord(name[:3], "rejected", None, (), caught.value.reason, str(caught.value), name, 1)
    duplicate = refuse_duplicate("a.csv:3", "a.csv:2")
    made(
        tmp_path / "run.journal",
        *reasons.values(),
        PersonRecord("Yi", "rejected", None, (), duplicate.code, duplicate.message, "a.csv:3", 1),
    )
    page = Parsed(journal_page(tmp_path / "run.journal", lang="ko"))
    for said in (
        "jpg 파일이 잘려 끝부분이 없습니다.",
        "잘렸거나 손상된 png 파일입니다.",
        "100 x 99 px로, 서비스 기준 256 px보다 작습니다.",
        "5,242,881바이트로, 서비스 기준 5 MB보다 큽니다.",
        "jpg, png, webp 이미지가 아닙니다.",
        "a.csv:2에 이미 있는 이름입니다. 이 행은 처리하지 않았습니다.",
    ):
        assert said in page.text
    assert all(name in page.text and f"{name}: " not in page.text for name in reasons)
    assert "cut off: its end is missing" in Parsed(journal_page(tmp_path / "run.journal", lang="en")).text
    assert "전송 전 거부: 6 (100%)" in page.text


def test_the_language_is_that_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(tmp_path / "run.journal")
    monkeypatch.setenv("LC_ALL", "ko_KR.UTF-8")
    assert '<html lang="ko">' in journal_page(tmp_path / "run.journal")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    assert '<html lang="en">' in journal_page(tmp_path / "run.journal")
    with pytest.raises(InvalidArgumentError, match="lang must be en or ko, got 'fr'"):
        journal_page(tmp_path / "run.journal", lang="fr")


def test_a_file_of_somebody_else_is_not_replaced(tmp_path: Path) -> None:
    path, page = tmp_path / "run.journal", tmp_path / "page.html"
    made(path)
    save_journal_page(path, page, lang="en")
    first = page.read_bytes()
    save_journal_page(path, page, lang="ko")
    assert page.read_bytes() != first
    page.write_text("<!doctype html>\nmine")
    with pytest.raises(InvalidArgumentError, match="was not written by mi-async"):
        save_journal_page(path, page)
    save_journal_page(path, page, lang="en", force=True)
    assert b"written by mi-async" in page.read_bytes()
    with pytest.raises(InvalidArgumentError, match="is the journal"):
        save_journal_page(path, path, force=True)
    with pytest.raises(JournalError):
        save_journal_page(tmp_path / "none.journal", tmp_path / "new.html")
    assert not (tmp_path / "new.html").exists()


def test_the_command_writes_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asyncio.run(ended(tmp_path / "run.journal"))
    page = tmp_path / "page.html"
    line = ["journal", "report", str(tmp_path / "run.journal"), "--html", str(page), "--lang", "ko", "--no-images"]
    assert run(line) == 0
    assert capsys.readouterr() == ("", f"wrote {page}\n")
    assert '<html lang="ko">' in page.read_text(encoding="utf-8")
    page.write_text("mine")
    assert run(line) == 2
    assert "replace it with --force" in capsys.readouterr().err
    assert page.read_text() == "mine"


@pytest.mark.slow
def test_a_long_journal_takes_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "run.journal"
    bad = (PersonRecord(f"Yi {n}", "failed", n, (), "10049", "too long " * 20, f"a.csv:{n}", 1) for n in range(30_000))
    made(path, *bad, *stored(10_000, 900))
    journal_page(path, lang="en")
    tracemalloc.start()
    try:
        page = journal_page(path, lang="en")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 10 * 2**20  # the failures as records take twice that; what the collector has not taken yet, 4 MiB
    assert len(page) < 64 * 2**10
