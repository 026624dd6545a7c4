"""What notebooks are shown: whole tables, pictures, and nothing that a hostile name could make of them."""

from collections.abc import Iterator
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen
from hypothesis import given
from hypothesis import strategies as st

import mi_async
from mi_async import (
    Asset,
    AssetMetaData,
    Page,
    Person,
    PersonInput,
    PersonTag,
    PersonThumbnail,
    Project,
    ProjectList,
    QueryAssetUrl,
    SearchResults,
    SearchStatus,
    ThumbnailList,
    notebook,
)
from mi_async.cli.output import show
from mi_async.table import NOTEBOOK, TERMINAL, cell_of, table_about, table_of
from mi_async.text import plain
from mi_async.workflows.search.hits import SceneHit
from tests.support.newsroom import newsroom
from tests.support.pictures import picture

EMPTY = {"img", "br"}
PICTURED = {"h2", "h3", "p", "br", "strong", "code", "section", "thead", "details", "summary"}
ELEMENTS = {"div", "table", "tbody", "tr", "th", "td", "img", "span", "progress", "ul", "li"} | PICTURED
DRAWN = {"svg", "title", "desc", "rect", "line", "text"}
OF_ACCESS = {"role", "aria-label", "scope", "tabindex", "data-head"}
ATTRIBUTES = {
    "class",
    "style",
    "src",
    "alt",
    "title",
    "loading",
    "referrerpolicy",
    "value",
    "max",
    "width",
    "height",
} | OF_ACCESS
NASTY = "<script>alert(1)</script>\"' onerror=x &amp; \u202e gnp.exe \x1b[31m $\\href{javascript:alert(1)}{x}$ \\(x\\)"


class Strict(HTMLParser):
    """A reader that takes nothing but well-formed tables, lists and bars."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.said: list[str] = []
        self.cells: list[str] = []
        self.images: list[dict[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ELEMENTS | DRAWN
        assert tag in DRAWN or {name for name, _ in attrs} <= ATTRIBUTES
        assert not [name for name, _ in attrs if name.startswith("on") or name == "href"]
        if tag in {"td", "th"}:
            assert self.open[-1] == "tr"
            self.cells.append("")
        if tag == "img":
            self.images.append({name: value or "" for name, value in attrs})
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.said.append(data)
        if {"td", "th"} & set(self.open):
            self.cells[-1] += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(decl)

    def handle_pi(self, data: str) -> None:
        raise AssertionError(data)

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(data)


def read(value: Any) -> Strict:
    """The HTML of a value, checked."""
    parser = Strict()
    parser.feed(value._repr_html_() if hasattr(value, "_repr_html_") else value)
    parser.close()
    assert parser.open == []
    starts = ("http://", "https://", "data:image/jpeg;base64,", "data:image/svg+xml;base64,")
    assert all(image["src"].startswith(starts) for image in parser.images)
    seen = "".join([*parser.said, *[value for image in parser.images for value in image.values()]])
    assert plain(seen) == seen
    assert not [text for text in parser.said if notebook.TEX.search(text) and len(text) > 1]
    return parser


HONG = Person(
    1001,
    "홍길동 / 뉴스",
    "Reads the news.",
    (PersonTag(7, "Anchor", created_time=datetime(2026, 1, 2, 3, 4, 5)), PersonTag(8, "뉴스")),  # noqa: DTZ001  as sent
    (
        PersonThumbnail(1, "https://kr.object.ncloudstorage.com/b/1.jpg?X-Amz-Signature=a&x=1"),
        PersonThumbnail(2, "https://kr.object.ncloudstorage.com/b/2.jpg?X-Amz-Signature=b", is_primary_thumbnail=True),
    ),
)


PUBLIC = Person(
    1001,
    "Hong",
    thumbnails=(
        PersonThumbnail(1, "https://images.example/1.jpg"),
        PersonThumbnail(2, "https://images.example/2.jpg", is_primary_thumbnail=True),
    ),
)


def test_no_presigned_url_is_in_a_table_and_the_caption_says_how_to_see_the_images() -> None:
    for value in (HONG, Page((HONG,)), ThumbnailList(HONG.thumbnails)):
        html = value._repr_html_()
        assert read(html).images == []
        assert "http" not in html
        assert "contact_sheet(workspace, persons)" in read(html).said[0]
    assert read(HONG).cells[6:] == ["tags", "Anchor, 뉴스", "thumbnails", "2 (primary), 1"]
    assert read(ThumbnailList(HONG.thumbnails)).cells[3:] == ["1", "presigned URL", "no", "2", "presigned URL", "yes"]
    assert "contact_sheet" not in Person(1, "A")._repr_html_()


def test_a_person_has_pictures_the_main_one_first() -> None:
    shown = read(PUBLIC)
    assert shown.cells[:5] == ["id", "1001", "name", "Hong", "thumbnails"]
    assert [image["src"] for image in shown.images] == [PUBLIC.thumbnails[1].url, PUBLIC.thumbnails[0].url]
    assert [image["alt"] for image in shown.images] == ["2 (primary)", "1"]
    assert all(image["referrerpolicy"] == "no-referrer" for image in shown.images)


def test_a_cell_may_hold_images_and_words() -> None:
    mixed = Person(1, "A", thumbnails=(*PUBLIC.thumbnails, *HONG.thumbnails[:1], *PUBLIC.thumbnails * 6))
    shown = read(mixed)
    assert len(shown.images) == 11
    assert shown.cells[-1].split() == ["1", "+", "3"]


def test_thumbnails_alone_are_pictures_too() -> None:
    shown = read(ThumbnailList(PUBLIC.thumbnails))
    assert [image["src"] for image in shown.images] == [thumbnail.url for thumbnail in PUBLIC.thumbnails]
    assert shown.cells == ["id", "url", "is primary thumbnail", "1", "", "no", "2", "", "yes"]


def test_a_page_is_a_table_that_ends() -> None:
    shown = read(Page((PUBLIC,) * 1000, total_count=5230, total_page=6))
    assert shown.cells[:3] == ["id", "name", "thumbnails"]
    assert len(shown.images) == 2 * NOTEBOOK.rows
    assert "total count 5,230" in shown.said[0]
    assert "900 more are not shown" in shown.said[0]
    assert "no items" in read(Page[Person](())).said[0]


def test_the_plain_repr_of_a_page_stays_short() -> None:
    text = repr(Page((HONG,) * 1000, total_count=5230, total_page=6))
    assert "\n" not in text
    assert text.count("홍길동") == 3
    assert "... 997 more), total_count=5230" in text
    assert "Signature" not in text
    crowd = Person(1, "A", thumbnails=HONG.thumbnails * 50)
    assert "... 97 more" in repr(crowd)
    assert "... 997 more" in repr(ProjectList((Project(1, "News", is_base_project=True),) * 1000))
    assert "... 97 more" in repr(SearchResults("s", SearchStatus.COMPLETED, results=({"a": 1},) * 100))
    assert eval(repr(Page((1, 2, 3))), {"Page": Page}) == Page((1, 2, 3))  # noqa: S307  a repr of our own


def test_assets_and_hits() -> None:
    asset = Asset(17, "저녁.mp4", 3, AssetMetaData("1920x1080", 61_000, 123), "뉴스/저녁.mp4")
    assert "1920x1080, duration: 0:01:01.0" in read(asset).cells[7]
    assert "61000" in str(table_about(asset, TERMINAL))  # a number, for whoever goes on with it
    hit = SceneHit(17, "저녁.mp4", 1, 0, 9000, 0.91, 3, 5, "Goal!", extra={"keywords": [{"name": "goal", "sure": 0.9}]})
    shown = read(hit)
    assert dict(zip(shown.cells[::2], shown.cells[1::2], strict=True)) == {
        "asset id": "17",
        "file name": "저녁.mp4",
        "scene id": "1",
        "start": "0:00:00.0",
        "end": "0:00:09.0",
        "score": "0.91",
        "project id": "3",
        "index id": "5",
        "script": "Goal!",
        "keywords": "goal",
    }
    many = read(notebook.table([hit] * 3, caption="Found"))
    assert many.said[0] == "Found"
    assert many.cells.count("Goal!") == 3


def test_a_column_of_sentences_is_not_squeezed_to_a_word_a_line() -> None:
    assert "min-width" in notebook.table([{"script": "Tonight we look at the ceremony, and at the police."}])
    assert "min-width" not in notebook.table([{"file": "저녁.mp4"}])


def test_a_list_with_numbers_beside_is_a_table() -> None:
    shown = read(ProjectList((Project(1, "News", is_base_project=True), Project(2, "Sport", is_base_project=False)), 2))
    assert shown.said[0] == "ProjectList: total count 2"
    assert shown.cells == ["project id", "name", "is base project", "1", "News", "yes", "2", "Sport", "no"]


def test_what_repr_keeps_to_itself_is_not_shown() -> None:
    shown = read(QueryAssetUrl("key", "https://storage/x?Signature=secret"))
    assert "secret" not in str(shown.cells)
    leaky = read(Person(1, "A", extra={"download": "see https://storage/x?Signature=secret and go"}))
    assert leaky.cells[-1] == "see https://storage/x?… and go"


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        " javascript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "//host/a.jpg",
        "https:/a.jpg",
        "https://",
        "https://user:pass@host/a.jpg",
        "https://[/a.jpg",
        "https://host/\u202egnp.jpg",
        "https://host/a b.jpg",
        "http:\\\\host\\a.jpg",
        "ftp://host/a.jpg",
        "file:///etc/passwd",
        "",
    ],
)
def test_only_pictures_of_the_web_are_pictures(url: str) -> None:
    shown = read(Person(1, "A", thumbnails=(PersonThumbnail(5, url, is_primary_thumbnail=True),)))
    assert shown.images == []
    assert shown.cells[-1] == "5 (primary)"


def test_hostile_text_stays_text() -> None:
    person = Person(1, NASTY, NASTY, (PersonTag(1, NASTY),), extra={NASTY: {NASTY: [NASTY]}})
    shown = read(person)
    assert shown.cells[3].startswith("<script>alert(1)</script>")
    assert "\u202e" not in shown.cells[3]
    thumbnail = PersonThumbnail(1, 'https://h/a.jpg"><script>alert(1)</script>')
    assert read(Person(1, "A", thumbnails=(thumbnail,))).images[0]["src"] == thumbnail.url
    for flag in ("is ", "is", "is  x", f"is {NASTY}"):
        read(Person(1, "A", thumbnails=(PersonThumbnail(1, "https://h/a.jpg", extra={flag: True}),)))
    read(notebook.table([{NASTY: NASTY}], caption=NASTY))
    read(notebook.show({NASTY: NASTY}, caption=NASTY))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(st.text(), inner, max_size=20),
    max_leaves=30,
)


@pytest.mark.slow
@given(st.text(), st.text(), st.dictionaries(st.text(), JSON, max_size=30))
def test_whatever_a_service_sends_is_a_well_formed_table(name: str, url: str, extra: dict[str, Any]) -> None:
    person = Person(1, name, thumbnails=(PersonThumbnail(1, url),), extra=extra)
    read(person)
    read(Page((person, Person(2, name)), extra=extra))


def test_long_and_deep_things_end() -> None:
    deep: Any = "bottom"
    for number in range(5000):
        deep = {"in": deep} if number % 2 else [deep, deep]
    named: Any = "bottom"
    for _ in range(5000):
        named = {"name": named}
    assert "…" in notebook.show({"named": named})
    wide = {f"member {n}": n for n in range(1000)}
    assert len(notebook.table([wide])) < 10_000
    assert len(notebook.show({"x": "y" * 1_000_000, "deep": deep, "many": list(range(10_000))})) < 2000
    assert len(notebook.show(wide)) < 20_000


@frozen
class Item:
    """An item of somebody else's report."""

    name: str
    state: str
    error: str | None = None


def test_any_values_make_a_table() -> None:
    shown = read(notebook.table([Item("a.jpg", "done"), Item("b.jpg", "failed", "too small")], caption="2 items"))
    assert shown.cells == ["name", "state", "error", "a.jpg", "done", "", "b.jpg", "failed", "too small"]
    assert read(notebook.table(["x"])).cells == ["value", "x"]


async def test_quotas_show_themselves_as_a_table() -> None:
    async with mi_async.connect(mi_async.Credentials("key", "secret")) as session:
        lines = repr(session.quota).splitlines()
        assert lines[0].split()[:4] == ["operation", "calls", "period", "used"]
        assert len(lines) == 1 + len(session.quota)
        assert {line.split()[0] for line in lines[1:]} == set(session.quota)
        assert len({line.rindex("  ") for line in lines}) == 1  # the last column, of words, begins at one place
        assert "thumbnails.presign" in read(session.quota).cells
    assert session.quota == dict(session.quota)
    assert repr(notebook.Tabled({})) == "{}"
    with pytest.raises(KeyError, match=r"there is no 'persons.list' here; there are a, b"):
        notebook.Tabled({"a": 1, "b": 2})["persons.list"]


async def test_a_session_and_a_workspace_show_what_is_known() -> None:
    async with mi_async.connect(
        mi_async.Credentials("key", "s3cr3t"),
        base_url="http://127.0.0.1:1",
        quotas={"persons.get": mi_async.Quota(4, 1)},
    ) as session:
        shown = read(session)
        assert shown.said[0] == "Session · http://127.0.0.1:1"
        assert shown.cells[:2] == ["state", "open"]
        assert shown.cells[shown.cells.index("persons.get") + 1].split() == ["0", "of", "4", "in", "1", "s"]
        workspace = session.workspace(NASTY)
        assert read(workspace).cells[:4] == ["service", "http://127.0.0.1:1", "session", "open"]
        assert "Uploads of person thumbnails" in read(workspace).cells
    assert read(session).cells == ["state", "closed"]
    assert read(workspace).cells[3] == "closed"
    assert "s3cr3t" not in session._repr_html_()


@pytest.mark.slow
async def test_a_run_shows_how_far_it_is(tmp_path: Path) -> None:
    async with newsroom() as news:
        people = [PersonInput(NASTY, [b"no image"]), PersonInput("Ama", [picture("jpg")])]
        run = news.workspace.enroll_many(people, journal=tmp_path / "a.journal")
        assert read(run).cells[:2] == ["state", "not started"]
        assert read(run).cells[2::2] == ["items"]
        async for _ in run:
            assert read(run).cells[1] == "running"
        shown = read(run)
        assert shown.said[0] == f"BulkRun · PersonInput · {tmp_path / 'a.journal'}"
        assert shown.cells[1] == "ended"
        assert shown.cells[3].strip() == "2 of 2"
        assert "1 done, 1 rejected" in shown.cells
        assert "<script>" in shown.cells[-1]  # as text, says the reader
        unknown = read(news.workspace.enroll_many(iter(people), journal=tmp_path / "b.journal"))
        assert unknown.cells[3] == "0 of unknown"


def items() -> Iterator[Item]:
    yield Item("a", "done")


def test_an_iterator_makes_a_table_too() -> None:
    assert read(notebook.table(items())).cells == ["name", "state", "a", "done"]


def test_no_column_of_rows_of_a_caller_is_left_out() -> None:
    row = {"file": "goal.mp4", "scene": 3, "start time": 12, "user name": "kim", "score": 0.9}
    assert all(f">{name}</th>" in notebook.table([row]) for name in row)


def test_a_table_about_one_thing_is_a_text_too() -> None:
    assert str(table_about({"id": 7, "name": "뉴스"}, TERMINAL)) == "id    7\nname  뉴스"


def test_json_of_any_depth_is_a_cell() -> None:
    deep: object = 1
    for _ in range(1000):
        deep = [deep]
    assert str(table_of([{"id": 7, "deep": deep}], TERMINAL)) == "id  deep\n 7  …"


def test_what_has_no_name_goes_by_its_id() -> None:
    assert str(cell_of(({"name": "", "id": 7}, {"name": "뉴스", "id": 8}), TERMINAL)) == "7, 뉴스"


@pytest.mark.parametrize("items", [[None], [{}], [{"a": None}, {"a": ""}]])
def test_items_with_nothing_in_them_are_rows(items: list[object], capsys: pytest.CaptureFixture[str]) -> None:
    assert notebook.table(items).count("<tr>") == 1 + len(items)
    assert str(table_of(items, TERMINAL)) == "\n".join(["value", *[""] * len(items)])
    show(items, "table")
    assert capsys.readouterr().out.count("\n") == 4 + len(items)
