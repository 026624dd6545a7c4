"""The page of an emulator for the browser: persons, assets, quotas and requests as they are, and faults by hand.

Invariant: looking on changes nothing at the emulator. Its modules are imported when somebody asks for the page.
"""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from aiohttp import web

from mi_async.emulator.page_paths import ROUTES
from mi_async.emulator.settings import Control

if TYPE_CHECKING:
    from mi_async.emulator.page.handlers import PageHandlers
    from mi_async.emulator.server import Server


def add_page(app: web.Application, server: "Server") -> None:
    """Add the routes of the page, unless the settings switch control off."""
    if server.settings.control is Control.OFF:
        return
    made: list[PageHandlers] = []

    def handler(name: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            if not made:
                from mi_async.emulator.page.handlers import PageHandlers  # noqa: PLC0415  for who asks

                made.append(PageHandlers(server))
            handled: web.StreamResponse = await getattr(made[0], name)(request)
            return handled

        return handle

    async def end(_: web.Application) -> None:
        for handlers in made:
            handlers.end()

    for name, (method, path) in ROUTES.items():
        app.router.add_route(method, path, handler(name))
    app.on_shutdown.append(end)
