"""Server-sent events of the page: what changed since a browser heard last, and nothing while nobody looks.

Invariant: a browser pulls. There is no queue that could grow: one that reads slowly is sent the state as it is by then,
and one that reads nothing loses its connection. What it missed it finds in the requests that are kept, or gets afresh.
"""

import asyncio
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from aiohttp import web
from attrs import Factory, define, frozen

from mi_async.emulator.page.document import PageDocument
from mi_async.emulator.page.requests_section import request_rows

MOST_VIEWERS = 16
"""Pages that are kept up to date at once; each is rendered for itself."""


@frozen
class Pace:
    """Real seconds of the events.

    Attributes:
        look: between two looks at what changes with time alone, such as a window of a quota.
        rest: after each event, however much goes on.
        heartbeat: without an event until a line is sent, so that a proxy keeps the connection.
        patience: for which a browser may take nothing of what it is sent.
        retry: until a browser that lost its connection tries again.
    """

    look: float = 1.0
    rest: float = 0.2
    heartbeat: float = 15.0
    patience: float = 20.0
    retry: float = 2.0


@define(eq=False)
class Heard:
    """Events and sections that a browser was sent last.

    Attributes:
        stand: ID of the last event; '' for none, so that the log is sent as a whole.
        sections: markup by name.
    """

    stand: str = ""
    sections: dict[str, str] = Factory(dict)

    def update(self, document: PageDocument) -> str | None:
        """Return an event with what has changed, None if nothing has."""
        answered = document.server.answered
        rendered = {name: render() for name, render in document.sections().items()}
        changed = {name: html for name, html in rendered.items() if self.sections.get(name) != html}
        self.sections = rendered
        missed = answered.missed(self.stand)
        whole = missed is None
        rows = request_rows(answered.since(0) if missed is None else missed, document.words)
        self.stand = answered.stand
        if not (changed or rows or whole):
            return None
        content = json.dumps({"sections": changed, "rows": rows, "whole": whole})
        return f"id: {self.stand}\ndata: {content}\n\n"


@define(eq=False)
class Viewers:
    """The browsers that look on.

    Attributes:
        pace: of the events.
        count: how many there are.
    """

    pace: Pace = Factory(Pace)
    count: int = 0
    _ended: asyncio.Event = Factory(asyncio.Event)

    def end(self) -> None:
        """End the connections of all of them."""
        self._ended.set()

    async def serve(
        self, request: web.Request, document: PageDocument, headers: Mapping[str, str]
    ) -> web.StreamResponse:
        """Send events until the browser goes, reads nothing, or the server ends."""
        if self.count >= MOST_VIEWERS:
            return web.Response(status=503, headers=headers, text="too many pages look on")
        heard = Heard(request.headers.get("Last-Event-ID", request.query.get("after", "")))
        response = web.StreamResponse(headers={**headers, "Content-Type": "text/event-stream; charset=utf-8"})
        self.count += 1
        try:
            with suppress(ConnectionError):  # the browser has gone
                await response.prepare(request)
                await self._send(response, f"retry: {self.pace.retry * 1000:.0f}\n\n")
                await self._watch(request, response, document, heard)
        except TimeoutError:  # it sleeps: what is in its buffers is not worth keeping
            _abort(request)
        finally:
            self.count -= 1
        return response

    async def _watch(
        self, request: web.Request, response: web.StreamResponse, document: PageDocument, heard: Heard
    ) -> None:
        loop = asyncio.get_running_loop()
        silent_since = loop.time()
        with document.server.answered.changes() as changed:
            while not self._ended.is_set() and _is_there(request):
                changed.clear()
                event = heard.update(document)
                if event is None and loop.time() - silent_since >= self.pace.heartbeat:
                    event = ": heartbeat\n\n"
                if event is not None:
                    await self._send(response, event)
                    silent_since = loop.time()
                    await self._pause(self._ended, self.pace.rest)
                await self._pause(changed, self.pace.look)

    async def _send(self, response: web.StreamResponse, event: str) -> None:
        async with asyncio.timeout(self.pace.patience):
            await response.write(event.encode("utf-8", "replace"))

    async def _pause(self, event: asyncio.Event, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await event.wait()


def _is_there(request: web.Request) -> bool:
    return request.transport is not None and not request.transport.is_closing()


def _abort(request: web.Request) -> None:
    transport: Any = request.transport
    if transport is not None:
        transport.abort()
