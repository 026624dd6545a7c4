"""Contact sheets of persons, with images that are part of them."""

import base64
import re
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import pytest
from attrs import evolve
from PIL import Image

import mi_async
from mi_async import Person, PersonTag, PersonThumbnail, pictures
from mi_async.emulator import Settings
from mi_async.errors import InvalidArgumentError, SessionError
from mi_async.pictures import contact_sheet, person_sheet, thumbnail_previews
from mi_async.pictures.person_words import PERSON_WORDS
from mi_async.pictures.picture import STYLES
from tests.pictures.test_run_page import HOSTILE, Parsed
from tests.support.canned import DROP, SILENCE, Play, canned, http
from tests.support.newsroom import Newsroom, newsroom
from tests.support.pictures import picture
from tests.support.talking import KEYS, ONCE

pytestmark = pytest.mark.usefixtures("leaves_nothing")

DATA = re.compile(r'src="data:image/(\w+);base64,([^"]+)"')
SIGNED = "?X-Amz-Signature=s1gn4tur3"


@pytest.fixture
async def news() -> AsyncIterator[Newsroom]:
    async with newsroom() as news:
        yield news


async def enrolled(news: Newsroom, *names: str, each: int = 1) -> list[Person]:
    """Return persons with images of their own."""
    made = [
        await news.workspace.enroll_person(
            name, [picture("jpg", seed=n * each + i) for i in range(each)], tags=["뉴스"]
        )
        for n, name in enumerate(names)
    ]
    return [await news.workspace.persons.get(person.id) for person in made]


def images(markup: str) -> list[Image.Image]:
    return [Image.open(BytesIO(base64.b64decode(data))) for _, data in DATA.findall(markup)]


async def test_the_images_are_part_of_the_picture(news: Newsroom, tmp_path: Path) -> None:
    persons = await enrolled(news, "홍길동", "Ama", each=3)
    sheet = await contact_sheet(news.workspace, persons, images=2, lang="en")
    assert [image.size for image in images(sheet.markup)] == [(200, 200)] * 4
    assert "http" not in sheet.markup
    assert "Signature" not in sheet.markup
    page = Parsed(sheet.markup)
    assert "Persons: 2, images shown: 4." in page.text
    assert ("홍길동" in page.text, f"ID {persons[0].id}" in page.text, "thumbnails: 3" in page.text) == (True,) * 3
    assert "뉴스" in page.text
    sheet.save(tmp_path / "sheet.html")
    assert len(images((tmp_path / "sheet.html").read_text(encoding="utf-8"))) == 4
    shown = sheet._repr_html_()
    assert f'<li class="tile" style="{STYLES["tile"]}">' in shown
    assert "style=" not in sheet.markup  # a page refuses it


async def test_a_url_that_has_expired_is_asked_for_anew_once_for_each_person(news: Newsroom) -> None:
    persons = await enrolled(news, "Hong", each=3)
    news.server.state.settings = Settings(url_lifetime=0)
    old = [await news.workspace.persons.get(person.id) for person in persons]
    news.server.state.settings = Settings(url_lifetime=900_000)
    before = news.server.log.count("persons.get")
    sheet = await contact_sheet(news.workspace, old)
    assert len(images(sheet.markup)) == 3
    assert news.server.log.count("persons.get") == before + 1
    news.server.state.settings = Settings(url_lifetime=0)
    lost = await contact_sheet(news.workspace, old, lang="en")  # the new ones have expired, too: no third question
    assert "the storage refused the URL" in lost.markup
    assert news.server.log.count("persons.get") == before + 2


async def test_a_thumbnail_that_was_removed_meanwhile_has_a_reason(news: Newsroom) -> None:
    (person,) = await enrolled(news, "Hong", each=2)
    await news.workspace.persons.remove_thumbnails(person.id, thumbnail_ids=[person.thumbnails[1].id])
    stale = [evolve(each, url=each.url + "0") for each in person.thumbnails]
    sheet = await contact_sheet(news.workspace, [evolve(person, thumbnails=tuple(stale))], lang="en")
    assert len(images(sheet.markup)) == 1
    assert "Images that could not be shown: 1." in sheet.markup
    assert 'no image: it is no longer stored">?</span>' in sheet.markup


async def test_a_person_who_was_deleted_or_may_not_be_asked_for_has_a_reason(news: Newsroom) -> None:
    stored = await enrolled(news, "Hong", "Ama")
    news.server.state.settings = Settings(url_lifetime=0)
    persons = [await news.workspace.persons.get(person.id) for person in stored]
    await news.workspace.persons.delete(persons[0].id)
    news.server.faults.next("persons.get", 10003)
    sheet = await contact_sheet(news.workspace, persons[1:], lang="en")
    assert PERSON_WORDS["no_url"][0] in sheet.markup
    sheet = await contact_sheet(news.workspace, persons[:1], lang="en")
    assert PERSON_WORDS["gone"][0] in sheet.markup


async def test_a_closed_session_is_an_error() -> None:
    async with newsroom() as news:
        persons = await enrolled(news, "Hong")
    with pytest.raises(SessionError):
        await contact_sheet(news.workspace, persons)


REASONS: dict[str, tuple[Play, str]] = {
    "html": (http("<script>alert(1)</script>", kind="image/png"), "no_image"),
    "svg": (http("<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", kind="image/svg+xml"), "no_image"),
    "redirect": (b"HTTP/1.1 302 x\r\nLocation: http://x.example/\r\nContent-Length: 0\r\n\r\n", "no_image"),
    "cut off": (http(picture("png")[:400]), "broken"),
    "gone": (http("", status="404 Not Found"), "gone"),
    "failing": (http("", status="503 Busy"), "storage"),
    "dropped": (DROP, "unreachable"),
    "silent": (SILENCE, "late"),
}


@pytest.mark.parametrize("case", REASONS)
async def test_an_image_that_cannot_be_had_is_a_box_with_the_reason(case: str) -> None:
    play, reason = REASONS[case]
    async with canned(play) as storage, mi_async.connect(KEYS, base_url=storage.url, retry=ONCE) as session:
        person = Person(1, "Hong", thumbnails=(PersonThumbnail(5, f"{storage.url}/a.jpg{SIGNED}"),))
        seconds = 0.3 if case == "silent" else 60.0
        sheet = await contact_sheet(session.workspace("newsroom"), [person], seconds=seconds, lang="en")
    assert f'<span class="none">{PERSON_WORDS[reason][0]}</span>' in sheet.markup
    assert not DATA.search(sheet.markup)
    assert "s1gn4tur3" not in sheet.markup


async def test_a_storage_that_fails_once_is_asked_again() -> None:
    plays = http("", status="503 Busy"), http(picture("jpg"))
    async with canned(*plays) as storage, mi_async.connect(KEYS, base_url=storage.url) as session:
        person = Person(1, "Hong", thumbnails=(PersonThumbnail(5, f"{storage.url}/a.jpg{SIGNED}"),))
        sheet = await contact_sheet(session.workspace("newsroom"), [person])
    assert len(images(sheet.markup)) == 1


async def test_without_the_extra_images_are_as_they_are_until_the_sheet_is_full(
    news: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    persons = await enrolled(news, "A", "B", "C")
    monkeypatch.setattr(thumbnail_previews, "missing_of", list[str])
    monkeypatch.setattr(person_sheet, "missing_of", list[str])
    sheet = await contact_sheet(news.workspace, persons, lang="en")
    assert sorted(base64.b64decode(data) for _, data in DATA.findall(sheet.markup)) == sorted(
        picture("jpg", seed=n) for n in range(3)
    )
    assert "pip install" in sheet.markup
    found = await thumbnail_previews.thumbnail_previews(news.workspace, persons, images=1, seconds=60, room=20_000)
    reasons = [preview.reason for each in found for _, preview in each.previews]
    assert 0 < reasons.count("full") < 3
    none = await thumbnail_previews.thumbnail_previews(news.workspace, persons, images=1, seconds=60, room=0)
    assert [preview.reason for each in none for _, preview in each.previews] == ["full"] * 3


async def test_the_first_persons_of_a_listing_are_shown_the_primary_image_first(news: Newsroom) -> None:
    (first, *_) = await enrolled(news, "A", "B", "C", each=2)
    await news.workspace.persons.update(first.id, primary_thumbnail_id=first.thumbnails[1].id)
    sheet = await contact_sheet(news.workspace, news.workspace.persons.all(), limit=1, images=1, lang="ko")
    assert "처음 1명만 표시합니다." in sheet.markup
    assert f"썸네일 {first.thumbnails[1].id}" in sheet.markup
    assert len(images(sheet.markup)) == 1
    whole = await contact_sheet(news.workspace, news.workspace.persons.all(), limit=3, images=1, lang="ko")
    assert "처음" not in whole.markup


async def test_nothing_of_a_person_becomes_markup(news: Newsroom) -> None:
    tags = tuple(PersonTag(n, "<b>" if n else HOSTILE) for n in range(20))
    persons = [Person(1, HOSTILE, tags=tags), Person(2, None)]
    page = Parsed((await contact_sheet(news.workspace, persons, lang="en")).markup)
    assert {tag for tag, _ in page.seen} <= {"h2", "p", "ul", "li", "span", "strong"}
    assert "\u202e" not in page.text
    assert "<b> + 12" in page.text
    assert "no name" in page.text
    assert "No person was given." in (await contact_sheet(news.workspace, [], lang="en")).markup


@pytest.mark.parametrize("wrong", [{"images": 0}, {"images": 101}, {"limit": 0}, {"limit": 1001}, {"lang": "fr"}])
async def test_what_is_out_of_bounds_is_refused_at_once(news: Newsroom, wrong: dict[str, int]) -> None:
    with pytest.raises(InvalidArgumentError):
        await contact_sheet(news.workspace, [], **wrong)  # type: ignore[arg-type]
    assert "contact_sheet" in dir(pictures)
