"""Events of the page: what changed and nothing else, for browsers that read, sleep, leave or come back."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import aiohttp.web
import pytest
from attrs import evolve

from mi_async import emulator
from mi_async.emulator import Fault
from mi_async.emulator.answered import KEPT, AnsweredRequests
from mi_async.emulator.page import add_page
from mi_async.emulator.page.document import PageDocument
from mi_async.emulator.page.handlers import PageHandlers
from mi_async.emulator.page.live_events import MOST_VIEWERS, Heard, Pace, Viewers
from mi_async.emulator.page.view import PageView
from tests.support.raw import PERSONS, QUICK, Raw, emulated

EVENTS = "/_emulator/page/live/events"
LONGEST = 60.0
BRISK = Pace(look=0.02, rest=0.0, heartbeat=0.1, patience=0.3)


class Browser:
    """Reads events as a browser does."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self.answer = answer

    async def lines(self) -> list[str]:
        """Return the lines until an empty one."""
        async with asyncio.timeout(LONGEST):
            found = []
            while line := (await self.answer.content.readline()).decode().rstrip("\n"):
                found.append(line)
            return found

    async def event(self) -> tuple[str, Any]:
        """Return ID and content of the next event; heartbeats are passed over."""
        while True:
            told = dict(line.split(": ", 1) for line in await self.lines())
            if "data" in told:
                return told["id"], json.loads(told["data"])


@asynccontextmanager
async def looking(raw: Raw, query: str = "", **headers: str) -> AsyncIterator[Browser]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with raw.http.get(raw.server.url + EVENTS + query, headers=named) as answer:
        assert (answer.status, answer.content_type) == (200, "text/event-stream")
        browser = Browser(answer)
        assert await browser.lines() == ["retry: 2000"]
        yield browser


async def test_a_browser_hears_what_changes() -> None:
    async with emulated() as raw, looking(raw) as browser:
        run = raw.server.answered.run
        first, told = await browser.event()
        assert (first, told["whole"], set(told["sections"])) == (
            f"{run}.0.0",
            True,
            {"persons", "assets", "quotas", "faults", "happened", "totals"},
        )
        await raw.call("GET", f"{PERSONS}?pageNum=1")
        second, told = await browser.event()
        assert (second, told["whole"], set(told["sections"])) == (f"{run}.0.1", False, {"totals"})
        assert "persons.list" in told["rows"]
        raw.server.faults.next("persons.list", Fault.UNAVAILABLE)
        assert set((await browser.event())[1]["sections"]) == {"faults"}
        raw.server.reset()
        third, told = await browser.event()
        assert (third, told["whole"], told["rows"]) == (f"{run}.1.1", True, "")


async def test_a_browser_that_comes_back_hears_what_it_missed() -> None:
    async with emulated() as raw:
        for _ in range(3):
            await raw.call("GET", f"{PERSONS}?pageNum=1")
        run = raw.server.answered.run
        for told in ({"Last_Event_ID": f"{run}.0.2"}, {}):
            async with looking(raw, f"?after={run}.0.2", **told) as browser:
                identity, event = await browser.event()
                assert (identity, event["whole"], event["rows"].count("<li")) == (f"{run}.0.3", False, 1)
        for last in (
            f"{run}.1.2",
            f"{run}.0.9",
            "x",
            f"{run}.0.",
            f"{run}.0.{9**30}",
            "0.0.2",
        ):  # of another time, of an earlier process, of nobody
            async with looking(raw, Last_Event_ID=last) as browser:
                _, event = await browser.event()
                assert (event["whole"], event["rows"].count("<li")) == (True, 3)


def test_only_so_many_requests_are_kept() -> None:
    answered = AnsweredRequests()
    for number in range(KEPT + 5):
        answered.add((0.0, "GET", f"/{number}", "", 200, None, 0.0))
    assert [one.number for one in answered.since(0)] == list(range(KEPT + 5, 5, -1))
    assert [one.path for one in answered.since(KEPT + 3)] == [f"/{KEPT + 4}", f"/{KEPT + 3}"]


async def test_nothing_is_rendered_while_nobody_looks() -> None:
    async with emulated() as raw:
        await raw.call("GET", f"{PERSONS}?pageNum=1")
        assert len(raw.server.answered._waiting) == 0
        async with looking(raw) as browser:
            await browser.event()
            assert len(raw.server.answered._waiting) == 1
        await left(raw)


async def left(raw: Raw) -> None:
    async with asyncio.timeout(LONGEST):
        while raw.server.answered._waiting:  # noqa: ASYNC110  a server has no event for that
            await asyncio.sleep(0.01)


@asynccontextmanager
async def viewers(pace: Pace) -> AsyncIterator[tuple[Raw, Viewers]]:
    """An emulator whose page has a pace of a test."""
    server = emulator.Server(QUICK)
    handlers = PageHandlers(server)
    handlers.viewers = Viewers(pace)
    app = aiohttp.web.Application()
    app.router.add_get(EVENTS, handlers.events)
    app.router.add_get("/", handlers.document)
    runner = aiohttp.web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = aiohttp.web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.listening(*runner.addresses[0][:2])
    async with aiohttp.ClientSession() as http:
        yield Raw(http, server), handlers.viewers
    handlers.end()
    await runner.cleanup()


async def test_a_connection_without_events_has_a_heartbeat() -> None:
    async with viewers(BRISK) as (raw, _), looking(raw) as browser:
        await browser.event()
        assert await browser.lines() == [": heartbeat"]


async def test_a_browser_that_reads_nothing_loses_its_connection() -> None:
    async with viewers(BRISK) as (raw, watching):
        host, _, port = raw.server.url.removeprefix("http://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port), limit=2**12)
        writer.write(f"GET {EVENTS} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        await reader.readline()
        assert watching.count == 1
        async with asyncio.timeout(LONGEST):
            while watching.count:  # a request whose row is large, again and again
                raw.server.answered.add((0.0, "GET", "/" + "가" * 300, "", 200, None, 0.0))
                raw.server.answered.resets += 1
                await asyncio.sleep(0)
        assert raw.server.answered._waiting == set()
        writer.close()


async def test_more_pages_than_that_are_refused() -> None:
    async with viewers(BRISK) as (raw, watching):
        watching.count = MOST_VIEWERS
        assert (await raw.send("GET", raw.server.url + EVENTS)).status == 503
        assert watching.count == MOST_VIEWERS


@pytest.mark.usefixtures("leaves_nothing")
async def test_the_end_of_the_server_does_not_wait_for_browsers() -> None:
    async with asyncio.timeout(LONGEST), aiohttp.ClientSession() as http:
        async with emulator.serve(settings=QUICK) as server:
            answer = await http.get(server.url + EVENTS)
            await answer.content.readline()
        assert b"retry" not in await answer.content.read()


async def test_looking_on_leaves_dice_and_request_ids_alone() -> None:
    async def told(*, look: bool) -> list[str]:
        async with emulated(evolve(QUICK, jitter=0.001)) as raw:
            found = []
            for _ in range(2):
                if look:
                    await raw.send("GET", raw.server.url + "/")
                found.append((await raw.call("GET", f"{PERSONS}?pageNum=1")).headers["x-ncp-request-id"])
            return [*found, str(raw.server._jitter.random())]

    assert await told(look=True) == await told(look=False)


async def test_an_update_has_no_secret_and_no_line_end() -> None:
    async with emulated() as raw:
        await raw.upload()
        event = Heard().update(PageDocument(raw.server, PageView("ko"), "the-token"))
        assert event is not None
        assert event.count("\n") == 3
        assert not any(word in event for word in ("Amz", "Signature", "the-token", raw.server.credentials.secret_key))


@pytest.mark.slow
def test_the_page_is_imported_when_it_is_asked_for() -> None:
    assert add_page.__module__ in sys.modules
    code = (
        "import sys, mi_async.emulator as e; e.Server().application();"
        "assert not any(m.startswith('mi_async.emulator.page.') for m in sys.modules), sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize("lang", ["en", "ko"])
async def test_a_page_that_is_up_to_date_hears_nothing(lang: str) -> None:
    async with emulated() as raw:
        heard, document = Heard(), PageDocument(raw.server, PageView("en" if lang == "en" else "ko"), "")
        assert heard.update(document) is not None
        assert heard.update(document) is None
