"""The page as a document: what it shows, in which language, and what is safe against whoever named something."""

import re
from datetime import datetime
from html.parser import HTMLParser

import aiohttp
import pytest
from attrs import define, evolve, field

import mi_async
from mi_async import emulator
from mi_async._core.operation import Quota
from mi_async.emulator import Fault, Latency, Rejection, example_image
from mi_async.emulator.faults import Faults
from mi_async.emulator.media import EmulatedProject
from mi_async.emulator.objects import EmulatedObject
from mi_async.emulator.page.page_words import PAGE_WORDS
from mi_async.emulator.page.view import PageView, preferred, read_view
from mi_async.emulator.workspace import EmulatedPerson
from tests.support.raw import PERSONS, QUICK, HandClock, Raw, emulated

HOSTILE = "<script>alert(1)</script>"
OVERRIDE = "\u202e"
VOID = {"meta", "link", "input", "img"}


@define
class Outline(HTMLParser):
    """The elements of a page, and that they are closed in order."""

    open: list[str] = field(factory=list)
    seen: list[tuple[str, dict[str, str | None]]] = field(factory=list)

    def __attrs_pre_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))  # of SVG

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


async def page(raw: Raw, query: str = "", **headers: str) -> str:
    answer = await raw.send(
        "GET", f"{raw.server.url}/{query}", headers={k.replace("_", "-"): v for k, v in headers.items()}
    )
    assert answer.status == 200, answer
    text = answer.body.decode()
    outline = Outline()
    outline.feed(text)
    assert outline.open == []
    ids = [attributes["id"] for _, attributes in outline.seen if "id" in attributes]
    assert len(ids) == len(set(ids))
    for tag, attributes in outline.seen:
        assert not any(name.startswith("on") or name == "style" for name in attributes), (tag, attributes)
    assert sum(tag == "h1" for tag, _ in outline.seen) == 1
    assert [tag for tag, _ in outline.seen if tag == "script"] == ["script"]
    return text


def test_languages_of_browsers() -> None:
    wanted = {
        "": "en", "*": "en", "ko": "ko", "ko-KR,ko;q=0.9,en;q=0.8": "ko", "en-GB,ko;q=0.5": "en", "fr, KO;q=0.1": "ko",
        "ko;q=0": "en", "ko;q=x": "en", "ja": "en",
    }  # fmt: skip
    assert {accept: preferred(accept) for accept in wanted} == wanted


def test_a_view_is_kept_in_links() -> None:
    view = read_view({"lang": "ko", "workspace": "a&b", "persons": "3", "assets": "x"}, "en")
    assert view == PageView("ko", chosen=True, workspace="a&b", persons=3)
    assert view.query(persons=1) == "?lang=ko&workspace=a%26b"
    assert read_view({"lang": "xx", "persons": "9" * 10, "assets": "-1"}, "ko").query() == ""


@pytest.mark.parametrize("fault", Fault)
def test_each_fault_has_words_in_korean(fault: Fault) -> None:
    english, korean = PAGE_WORDS[fault.name]
    assert (english, bool(re.search("[가-힣]", korean))) == (fault.value, True)


async def test_an_empty_emulator_says_what_to_do_in_both_languages() -> None:
    async with emulated() as raw:
        english = await page(raw)
        assert '<html lang="en">' in english
        assert "No persons yet. Enroll one:" in english
        korean = await page(raw, Accept_Language="ko-KR,ko;q=0.9")
        assert '<html lang="ko">' in korean
        assert "아직 인물이 없습니다" in korean
        assert "아직" in await page(raw, "?lang=ko", Accept_Language="en")
        assert 'href="/?lang=en" lang="en" hreflang="en" aria-current="true"' in await page(raw, "?lang=en")


async def test_without_a_workspace_or_with_many() -> None:
    async with emulated(evolve(QUICK, workspaces=())) as raw:
        assert "There is no workspace." in await page(raw)
    names = tuple(f"room-{number}" for number in range(300))
    async with emulated(evolve(QUICK, workspaces=names)) as raw:
        text = await page(raw, "?workspace=room-7&lang=en")
        assert text.count("<option>room-") + text.count("<option selected>room-7<") == 200
        assert "Only the first 200 workspaces are listed." in text
        assert "<option selected>room-0<" in await page(raw, "?workspace=nowhere")


async def test_names_from_outside_are_text() -> None:
    async with emulated() as raw:
        key = await raw.upload(example_image())
        number = await raw.person(f"{HOSTILE} {OVERRIDE}live", [key])
        await raw.tag("<b>")
        room = raw.server.state.workspaces["newsroom"]
        room.persons[number].tag_ids.update(dict.fromkeys(room.tags))
        room.persons[number].description = "https://example.com/a?signature=abc 👩\u200d🚀 \ud800"
        await raw.send("GET", raw.server.url + "/%3Cimg%20src=x%3E/%E2%80%AE?secret=1")
        text = await page(raw)
        assert "&lt;script&gt;alert(1)&lt;/script&gt; \ufffdlive" in text
        assert "&lt;b&gt;" in text
        assert "&lt;img src=x&gt;/\ufffd" in text
        for never in (OVERRIDE, "signature", "secret", "<b>", "Amz", "<img src=x"):
            assert never not in text
        assert "👩\u200d🚀" in text


@pytest.mark.parametrize("lang", ["en", "ko"])
async def test_many_persons_and_a_page_of_them(lang: str) -> None:
    async with emulated() as raw:
        persons = raw.server.state.workspaces["newsroom"].persons
        persons.update({number: EmulatedPerson(number, f"Person {number}", None) for number in range(100_000)})
        newest = await page(raw, f"?lang={lang}")
        assert (newest.count('<li id="person-'), "100,000" in newest, "Person 99999" in newest) == (12, True, True)
        assert len(newest) < 40_000
        last = await page(raw, f"?lang={lang}&persons=999999")
        assert ("Person 0<" in last, f'href="/?lang={lang}&amp;persons=8333#persons" rel="prev"' in last) == (
            True,
            True,
        )
        assert 'rel="next"' not in last


async def test_persons_with_images_and_without() -> None:
    async with emulated() as raw:
        number = await raw.person("Hong", [await raw.upload(example_image(one)) for one in range(8)])
        await raw.person(None)
        text = await page(raw)
        assert "8 images" in text
        assert "no name" in text
        assert "+2" in text
        paths = re.findall(r'<img src="([^"]+)" alt="([^"]+)"', text)
        assert [label for _, label in paths] == ["primary thumbnail of Hong", *["another thumbnail of Hong"] * 5]
        answer = await raw.send("GET", raw.server.url + paths[0][0])
        assert (answer.status, answer.headers["Content-Type"]) == (200, "image/png")
        assert answer.body == example_image(0)
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        for other in ("newsroom/1/1", f"newsroom/{number}/x", "nowhere/1/1", f"newsroom/{number}/{'9' * 40}"):
            assert (await raw.send("GET", f"{raw.server.url}/_emulator/page/images/{other}")).status == 404
    async with emulated(evolve(QUICK, keep_bytes=False)) as raw:
        await raw.person("Hong", [await raw.upload(example_image())])
        assert "image not kept" in await page(raw)


FILM = EmulatedObject("digest", "mp4", 1000, 1280, 720, 600_000)
OBJECTS = {
    "film.mp4": FILM,
    "photograph.jpg": evolve(FILM, format="jpg", duration_ms=None),
    "small.mp4": evolve(FILM, width=320, height=240),
    "unreadable.mp4": evolve(FILM, readable=False),
}
MEDIA = evolve(
    QUICK, objects=OBJECTS, importing=Latency(10), queueing=Latency(10), analysing=Latency(20), summarizing=Latency(20)
)


async def test_assets_where_their_jobs_are() -> None:
    clock = HandClock()
    async with (
        emulator.serve(settings=MEDIA, clock=clock) as server,
        mi_async.connect(server.credentials, base_url=server.url) as session,
    ):
        room = session.workspace("newsroom")
        project = next(iter(server.state.workspaces["newsroom"].projects))
        film = (await room.assets.register(project, key="film.mp4", bucket_name="b")).asset_id
        raw = await _raw_page(server)
        assert "importing, 10 s left" in raw
        clock.now += 10
        assert "imported, not analysed" in await _raw_page(server)
        assert film is not None
        await room.indexes.request(project, film)
        assert "waiting for analysis, 30 s left" in await _raw_page(server)
        clock.now += 10
        assert "분석 진행 중, 20초 남음" in await _raw_page(server, "?lang=ko")
        clock.now += 20
        shown = await _raw_page(server)
        assert ">analysed</strong>" in shown
        assert re.search(r'aria-label="Scenes of film.mp4: \d+ over 0:10:00.0"', shown)
        await room.scene_summaries.request(project, film)
        assert "being summarised" in await _raw_page(server)
        clock.now += 40
        assert "summary: A scene about" in await _raw_page(server)
        for key in ("photograph.jpg", "small.mp4", "none.mp4", "unreadable.mp4"):
            await room.assets.register(project, key=key, bucket_name="b")
        clock.now += 10
        shown = await _raw_page(server)
        assert "import failed: no such object" in shown
        assert "import failed: resolution 320x240 is not 360p to 1080p" in shown


async def _raw_page(server: emulator.Server, query: str = "") -> str:
    async with aiohttp.ClientSession() as http:
        return await page(Raw(http, server), query)


async def test_lists_of_assets_are_bounded() -> None:
    async with emulated(evolve(MEDIA, analysing=Latency.never(), importing=Latency.none())) as raw:
        room = raw.server.state.workspaces["newsroom"]
        project = next(iter(room.projects.values()))
        time = datetime(2026, 1, 1)  # noqa: DTZ001  as the service writes it
        room.projects[102] = EmulatedProject(102, "Sports", is_base=False, created=time, updated=time)
        for _ in range(10):
            body = {"key": "film.mp4", "bucketName": "b"}
            for one in (project.id, 102):
                answer = await raw.call(
                    "POST", f"/api/v1/workspaces/newsroom/projects/{one}/assets/import/object-storage", body
                )
                assert answer.status == 200, answer
        text = await page(raw, "?assets=2")
        assert (text.count('<li id="asset-'), "7 to 12 of 20" in text) == (6, True)
        numbers = [int(number) for number in re.findall(r'<li id="asset-(\d+)"', text)]
        assert numbers == sorted(numbers, reverse=True)


async def test_quotas_as_the_gateway_counts_them() -> None:
    clock = HandClock()
    quotas = {"persons.list": Quota(2, 60.0), "persons.get": Quota(5, 1.0)}
    async with emulated(evolve(QUICK, quotas=quotas), clock=clock) as raw:
        for _ in range(3):
            await raw.call("GET", f"{PERSONS}?pageNum=1")
        text = await page(raw)
        assert "2 of 2 in 60 s" in text
        assert "full: next slot in 1 min 00 s" in text
        assert "refused with 429: 1" in text
        assert "quota used up" in text
        assert "3 so far." in text
        clock.now += 59.5
        assert "0.5초 후 호출 가능" in await page(raw, "?lang=ko")
        clock.now += 1
        assert "0 of 2 in 60 s" in await page(raw)
        assert raw.server.log.arrivals.keys() == {"persons.list"}  # looking on changes nothing
    async with emulated(evolve(QUICK, enforce_quotas=False)) as raw:
        assert "No quota is enforced." in await page(raw)


async def test_requests_with_their_faults() -> None:
    settings = evolve(QUICK, random_faults=Faults.uniform(0.1), seed=11)
    async with emulated(settings) as raw:
        raw.server.faults.next("persons.list", Fault.UNAVAILABLE)
        raw.server.faults.next("persons.list", Rejection(10069), times=3)
        await raw.call("GET", f"{PERSONS}?pageNum=1")
        await raw.call("GET", f"{PERSONS}?pageNum=1", headers={})
        text = await page(raw)
        assert re.search(r'"status bad">503</strong> <code class="operation">persons.list</code>', text)
        assert "fault: UNAVAILABLE" in text
        assert re.search(r'"status warn">401</strong>', text)
        assert "next requests: 3" in text
        assert "At random: 10.0 % of the requests." in text
        assert "1: <bdi>UNAVAILABLE</bdi>" in text
        answered = raw.server.answered.since(0)
        assert [(one.number, one.operation, one.status, one.throttled) for one in answered] == [
            (2, "persons.list", 401, False),
            (1, "persons.list", 503, False),
        ]
        raw.server.reset()
        assert "No requests yet." in await page(raw)
        assert raw.server.answered.since(0) == []
