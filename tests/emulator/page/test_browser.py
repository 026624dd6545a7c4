"""The page in a real browser, as people use it: with a mouse, with a keyboard, in the dark, on a telephone."""

import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio
from attrs import evolve, frozen

import mi_async
from mi_async import emulator
from mi_async.emulator import Latency, example_image
from tests.support.programs import program
from tests.support.raw import QUICK

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

PATIENCE = 60_000
"""Milliseconds that a busy machine may take for a step."""
REFUSED = "the server responded with a status of 400"
"""Chromium's own line about a form that could not be performed."""
SETTINGS = evolve(
    QUICK,
    importing=Latency.none(),
    queueing=Latency.none(),
    analysing=Latency.none(),
    workspaces=("newsroom", "archive"),
)
HOSTILE = "<script>window.broken=1</script><img src=x onerror=window.broken=1>"


def needs(library: str) -> None:
    """Skip a test without a library of the dependency group ``once``; in CI its import fails."""
    if find_spec(library) is None and os.environ.get("CI") != "true":
        pytest.skip(f"{library} is not installed; the dependency group once has it")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator["Browser"]:
    """One Chromium for all tests."""
    needs("playwright")
    chromium = program("chromium", package="chromium")
    from playwright.async_api import async_playwright  # noqa: PLC0415  the first Python alone has it

    arguments = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=chromium, args=arguments, timeout=PATIENCE)
        try:
            yield launched
        finally:
            await launched.close()


@frozen
class Seen:
    """A page, its emulator, and a session with it."""

    page: "Page"
    server: emulator.Server
    room: mi_async.Workspace

    async def text(self, selector: str, wanted: str) -> None:
        """Wait until an element has a text."""
        await self.page.locator(selector).filter(has_text=wanted).first.wait_for(timeout=PATIENCE)

    async def value(self, script: str) -> Any:
        return await self.page.evaluate(script)


@asynccontextmanager
async def looking(browser: "Browser", path: str = "/", **options: Any) -> AsyncIterator[Seen]:
    """Look at an emulator; the console of the page stays empty, so no policy is violated either."""
    async with (
        emulator.serve(settings=SETTINGS) as server,
        mi_async.connect(server.credentials, base_url=server.url) as session,
    ):
        context = await browser.new_context(**options)
        context.set_default_timeout(PATIENCE)
        page = await context.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        await page.goto(server.url + path)
        if options.get("java_script_enabled", True):
            await page.locator("#connection.on").wait_for()
        yield Seen(page, server, session.workspace("newsroom"))
        await context.close()
        assert [text for text in said if REFUSED not in text] == []
        assert all(url.startswith(server.url) for url in asked)


async def test_what_happens_is_seen_and_a_fault_by_hand_meets_a_real_call(browser: "Browser") -> None:
    async with looking(browser) as seen:
        await seen.text("#persons", "No persons yet")
        await seen.room.enroll_person("홍길동", [example_image()], tags=["Anchor"])
        await seen.text("#persons h3", "홍길동")
        await seen.text("#rows li", "persons.create")
        image = seen.page.get_by_alt_text("primary thumbnail of 홍길동")
        assert await image.evaluate("image => image.decode().then(() => image.naturalWidth)") == 256
        await seen.page.get_by_label("Operation").select_option("persons.create")
        await seen.page.get_by_label("What goes wrong").select_option("400-10069")
        await seen.page.get_by_role("button", name="Switch on").click()
        await seen.text("#said", "Switched on.")
        await seen.text("#live-faults", "next requests: 1")
        with pytest.raises(mi_async.InvalidRequestError) as refused:
            await seen.room.persons.create("Next", thumbnails=[])
        assert refused.value.code == "10069"
        await seen.text("#rows li", "fault: 400 10069")
        await seen.text("#live-faults", "Nothing is switched on.")
        await seen.page.get_by_label("What goes wrong").select_option("400-10069")
        await seen.page.get_by_label("Operation").select_option("*")
        await seen.page.get_by_role("button", name="Switch on").click()
        await seen.text("#said.off", "is no operation")
        await seen.page.get_by_text("Go back to the start").click()
        await seen.page.get_by_role("button", name="Reset now").click()
        await seen.text("#persons", "No persons yet")
        await seen.text("#requests", "No requests yet")
        assert await seen.page.locator("#rows li").count() == 0


async def test_hostile_names_are_text(browser: "Browser") -> None:
    async with looking(browser) as seen:
        name = f"{HOSTILE[:45]}\u202e"
        await seen.room.persons.create(name, thumbnails=[])
        (project,) = seen.server.state.workspaces["newsroom"].projects
        asset = await seen.room.assets.register(project, key=f"{HOSTILE}{'넓' * 200}.mp4", bucket_name="b")
        assert asset.asset_id is not None
        await seen.room.indexes.request(project, asset.asset_id)
        await seen.room.persons.list()
        await seen.text("#persons h3", "<script>window.broken=1</script>")
        await seen.text("#assets", "analysed")
        assert "\u202e" not in await seen.page.content()
        assert await seen.value(
            "[window.broken, document.querySelectorAll('main script, main img[src=x]').length]"
        ) == [
            None,
            0,
        ]
        await seen.page.set_viewport_size({"width": 360, "height": 640})
        assert await seen.value("document.documentElement.scrollWidth <= window.innerWidth")


async def test_with_a_keyboard_alone(browser: "Browser") -> None:
    async with looking(browser) as seen:
        page = seen.page
        await page.keyboard.press("Tab")
        assert await seen.value("document.activeElement.className") == "skip"
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        assert await seen.value("document.activeElement.id") == "pause"
        await page.keyboard.press("Space")
        assert await page.locator("#pause").get_attribute("aria-pressed") == "true"
        await seen.room.persons.list()
        await seen.text("#held", "paused, 1 waiting")
        assert await page.locator("#rows li").count() == 0
        await page.keyboard.press("Space")
        await seen.text("#rows li", "persons.list")
        assert await seen.value("document.querySelector('[role=log]').getAttribute('aria-live')") == "polite"
        await page.get_by_label("Operation").focus()
        await page.keyboard.type("storage")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Tab")
        await page.keyboard.type("2")
        await page.keyboard.press("Enter")
        await seen.text("#live-faults", "storage.put")
        assert await seen.value("document.activeElement.id") == "times"
        assert [place for place, _, _ in seen.server.faults.waiting()] == ["storage.put"]


async def test_both_languages_and_a_switch_that_stays_in_the_url(browser: "Browser") -> None:
    async with looking(browser, locale="ko-KR") as seen:
        assert await seen.value("[document.documentElement.lang, document.title]") == [
            "ko",
            "Media Intelligence 에뮬레이터",
        ]
        await seen.room.persons.create(None, thumbnails=[])
        await seen.text("#persons h3", "익명 인물")
        await seen.page.get_by_label("워크스페이스").select_option("archive")
        await seen.page.get_by_role("button", name="보기").click()
        await seen.text("#persons", "아직 인물이 없습니다")
        await seen.page.get_by_role("link", name="English").click()
        await seen.page.wait_for_url("**/?lang=en&workspace=archive")
        await seen.text("#persons", "No persons yet")


@pytest.mark.parametrize("path", ["/?lang=en", "/?lang=ko"])
async def test_in_the_dark_on_a_telephone(browser: "Browser", path: str) -> None:
    async with looking(browser, path, color_scheme="dark", viewport={"width": 360, "height": 640}) as seen:
        await seen.room.enroll_person("Kim Minji", [example_image(one) for one in range(3)])
        with pytest.raises(mi_async.NotFoundError):
            await seen.room.persons.get(1)
        await seen.text("#rows li", "404")
        assert await seen.value("document.documentElement.scrollWidth <= window.innerWidth")
        color = await seen.value("getComputedStyle(document.body).backgroundColor")
        assert sum(map(int, re.findall(r"\d+", color))) < 3 * 40
        unlabelled = await seen.value(
            "[...document.querySelectorAll('select, input:not([type=hidden]), button')].filter("
            "one => !(one.labels && one.labels.length) && !one.textContent.trim()).length"
        )
        assert unlabelled == 0


async def test_rules_of_accessibility(browser: "Browser") -> None:
    needs("axe_playwright_python")
    rules = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
    async with looking(browser) as seen:
        await seen.room.enroll_person("Kim Minji", [example_image(one) for one in range(3)])
        (project,) = seen.server.state.workspaces["newsroom"].projects
        asset = await seen.room.assets.register(project, key="film.mp4", bucket_name="b")
        assert asset.asset_id is not None
        await seen.room.indexes.request(project, asset.asset_id)
        await seen.text("#assets", "analysed")
        await seen.value("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        await seen.value(rules)
        found = await seen.value("axe.run().then(told => told.violations.map(one => [one.id, one.nodes[0].html]))")
        assert found == []


async def test_without_its_script(browser: "Browser") -> None:
    async with looking(browser, "/?lang=ko", java_script_enabled=False) as seen:
        await seen.page.get_by_label("오퍼레이션").select_option("persons.list")
        await seen.page.get_by_role("button", name="켜기").click()
        await seen.page.wait_for_url("**/?lang=ko&done=faults.next#faults")
        await seen.text("#said", "켰습니다.")
        assert [place for place, _, _ in seen.server.faults.waiting()] == ["persons.list"]


async def test_an_emulator_that_is_started_again_is_found(browser: "Browser") -> None:
    context = await browser.new_context()
    context.set_default_timeout(PATIENCE)
    page = await context.new_page()
    async with emulator.serve(settings=SETTINGS) as server:
        await page.goto(server.url)
        await page.locator("#connection.on").wait_for()
        port = int(server.url.rpartition(":")[2])
    await page.locator("#connection.off").wait_for()
    async with emulator.serve(port=port, settings=SETTINGS) as server:
        await page.locator("#connection.on").wait_for()
        await page.get_by_role("button", name="Switch all off").click()
        await page.locator("#said.on").wait_for()
    await context.close()
