"""Pages of persons without a name and of doubles, with images that are part of them."""

import unicodedata
from collections.abc import AsyncIterator

import pytest

from mi_async import (
    DuplicateGroup,
    DuplicateMember,
    DuplicatePair,
    Person,
    PersonThumbnail,
    SuggestedPerson,
    UnnamedPerson,
)
from mi_async.emulator import Settings
from mi_async.errors import InvalidArgumentError
from mi_async.language import PageWords
from mi_async.pictures import duplicate_sheet, unnamed_sheet
from mi_async.pictures.curation_words import CURATION_WORDS
from mi_async.pictures.embedded_faces import EmbeddedFaces
from mi_async.pictures.face_image import LARGE, SMALL
from mi_async.pictures.image_previews import ImagePreview
from mi_async.pictures.person_words import PERSON_WORDS
from mi_async.pictures.thumbnail_previews import PersonPreviews
from tests.pictures.test_person_sheet import images
from tests.pictures.test_run_page import HOSTILE, Parsed
from tests.support.faces import person_with_face
from tests.support.newsroom import QUICK, Newsroom, newsroom

pytestmark = pytest.mark.usefixtures("leaves_nothing")
ALLOWED = {"h2", "h3", "p", "ul", "li", "span", "strong", "code", "div", "section"}


@pytest.fixture
async def news() -> AsyncIterator[Newsroom]:
    async with newsroom(Settings(latency=QUICK.latency, keep_bytes=True)) as news:
        yield news


async def test_each_face_has_its_id_and_beside_it_who_it_might_be(news: Newsroom) -> None:
    hong = person_with_face(news.server, "hong", 9, name=unicodedata.normalize("NFD", "홍길동"))
    unnamed = [person_with_face(news.server, "hong", number) for number in range(2)]
    bare = (await news.workspace.persons.create(None, thumbnails=[])).id
    sheet = await unnamed_sheet(news.workspace, news.workspace.unnamed_persons(), lang="en", subtitle="today")
    assert [image.size for image in images(sheet.markup)] == [(200, 200)] * 6  # two faces, each with two suggestions
    for number in (*unnamed, bare):
        assert f'<code class="number_id">{number}</code>' in sheet.markup
    assert f"<code>{hong}</code>" in sheet.markup
    assert "http" not in sheet.markup
    assert "Signature" not in sheet.markup
    assert "style=" not in sheet.markup
    text = Parsed(sheet.markup).text
    assert "Persons: 3, those in most assets first." in text
    assert ("no thumbnail" in text, "Nobody looks like this person." in text, "today" in text) == (True,) * 3
    assert 'class="card" style="display:flex' in sheet._repr_html_()


async def test_a_group_shows_whom_to_keep_and_what_speaks_against_it(news: Newsroom) -> None:
    for number, name in enumerate(("홍길동", "Hong G.", None)):
        person_with_face(news.server, "hong", number, name=name)
    sheet = await duplicate_sheet(news.workspace, news.workspace.duplicate_persons(), lang="ko")
    assert len(images(sheet.markup)) == 3
    text = Parsed(sheet.markup).text
    assert "이름이 서로 다르니 다시 확인하십시오: 홍길동, Hong G." in text
    assert text.count("유지할 인물(제안)") == 1
    member = [DuplicateMember(Person(number), number) for number in (1, 2)]
    pairs = (DuplicatePair(1, 2, (2,)),)
    doubtful = DuplicateGroup(1, tuple(member), pairs, (DuplicatePair(2, 9, (2, 9), 81),))
    text = Parsed((await duplicate_sheet(news.workspace, [doubtful], lang="en")).markup).text
    assert "1 and 2: found from 2 only" in text
    assert "2 also looks like 9, who does not look like everybody here." in text
    assert ("lowest" in text, "names differ" in text) == (False, False)


async def test_urls_that_have_expired_are_asked_for_anew_else_there_is_a_reason(news: Newsroom) -> None:
    person_with_face(news.server, "hong")
    news.server.state.settings = Settings(url_lifetime=0, keep_bytes=True)
    old = [one async for one in news.workspace.unnamed_persons()]
    lost = await unnamed_sheet(news.workspace, old, lang="en")
    assert PERSON_WORDS["expired"][0] in lost.markup
    assert "Images that could not be shown: 1." in lost.markup
    news.server.state.settings = Settings(url_lifetime=900_000, keep_bytes=True)
    assert len(images((await unnamed_sheet(news.workspace, old)).markup)) == 1


def test_a_face_that_is_shown_often_does_not_fill_the_page() -> None:
    person = Person(1, thumbnails=(PersonThumbnail(2, "https://x.example/a.jpg"),))
    previews = PersonPreviews(person, [(person.thumbnails[0], ImagePreview("data:image/png;base64,AAAA"))])
    faces = EmbeddedFaces(PageWords("en", CURATION_WORDS), {1: previews}, room=60)
    shown = [faces.markup(1, "Hong", pixels) for pixels in (LARGE, SMALL, SMALL, LARGE)]
    assert [markup.count("data:") for markup in shown] == [1, 1, 0, 0]
    assert shown[-1] == f'<span class="none">{PERSON_WORDS["full"][0]}</span>'
    assert (faces.missing, faces.markup(9, "Ha", SMALL)) == (0, "")


async def test_only_the_first_are_shown_and_nobody_is_said(news: Newsroom) -> None:
    persons = [UnnamedPerson(Person(number), number, counts={"assetCount": 7}) for number in (1, 2)]
    cut = await unnamed_sheet(news.workspace, persons, limit=1, lang="en")
    assert "Only the first 1 are shown; the table has all." in cut.markup
    assert "assetCount 7" in cut.markup
    groups = [DuplicateGroup(number, (DuplicateMember(Person(1), 1),), ()) for number in (1, 2)]
    cut = await duplicate_sheet(news.workspace, groups, limit=1, lang="ko")
    assert "처음 1개만 표시합니다." in cut.markup
    assert CURATION_WORDS["unnamed_none"][0] in (await unnamed_sheet(news.workspace, [], lang="en")).markup
    assert CURATION_WORDS["duplicate_none"][1] in (await duplicate_sheet(news.workspace, [], lang="ko")).markup
    for sheet in (unnamed_sheet, duplicate_sheet):
        with pytest.raises(InvalidArgumentError, match="limit must be 1 to 1,000, got 0"):
            await sheet(news.workspace, [], limit=0)


async def test_nothing_of_a_person_becomes_markup(news: Newsroom) -> None:
    hostile = SuggestedPerson(2, HOSTILE, 90.5, Person(2, HOSTILE))
    faces = [UnnamedPerson(Person(1), 1, (hostile,), {HOSTILE: 1})]
    members = tuple(DuplicateMember(Person(number, HOSTILE * number), number) for number in (1, 2))
    for sheet in (
        await unnamed_sheet(news.workspace, faces, lang="en"),
        await duplicate_sheet(news.workspace, [DuplicateGroup(1, members, ())], lang="en"),
    ):
        page = Parsed(sheet.markup)
        assert {tag for tag, _ in page.seen} <= ALLOWED
        assert "\u202e" not in page.text
