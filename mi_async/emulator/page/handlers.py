"""Handlers of the page: the document, its files, images, events and commands.

Invariant: each asks ``access.py`` first; a command does what the control's command of that name does.
"""

import secrets
from collections.abc import Mapping
from http import HTTPStatus
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from aiohttp import hdrs, web

from mi_async.emulator import access
from mi_async.emulator.control import perform
from mi_async.emulator.page.document import PageDocument
from mi_async.emulator.page.faults_section import wanted_fault
from mi_async.emulator.page.live_events import Viewers
from mi_async.emulator.page.persons_section import is_shown
from mi_async.emulator.page.view import read_view
from mi_async.errors import InvalidArgumentError
from mi_async.media.image import CONTENT_TYPES

if TYPE_CHECKING:
    from mi_async.emulator.server import Server

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    hdrs.CACHE_CONTROL: "no-store",
}
"""Headers of every answer."""
IMAGE_HEADERS: Mapping[str, str] = {
    **HEADERS,
    # what was uploaded is shown as an image and never as a page, whatever is in it
    "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    hdrs.CACHE_CONTROL: "private, max-age=3600, immutable",
}
FILES: Mapping[str, str] = {
    "page.css": "text/css",
    "page.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
"""Files of the page, with their types."""
COMMANDS = frozenset({"faults.next", "faults.clear", "reset"})
"""Commands of the control that the page has a form for."""
MOST_BYTES = 10_000
"""Bytes of a form."""


class PageHandlers:
    """The handlers of one server's page."""

    def __init__(self, server: "Server") -> None:
        self.viewers: Viewers = Viewers()
        self._server = server
        self._token = secrets.token_urlsafe(24)
        self._files = {
            name: files("mi_async.emulator.page").joinpath(name).read_text(encoding="utf-8") for name in FILES
        }

    def end(self) -> None:
        """End the connections of the browsers that look on."""
        self.viewers.end()
        self._server.answered.wake()

    async def document(self, request: web.Request) -> web.Response:
        """Answer the page itself."""
        if (objection := access.objection_to_reader(request, *self._place)) is not None:
            return _refused(objection)
        page = self._document(request)
        done = request.query.get("done", "")
        return _html(page, page.words(f"done.{done}") if done in COMMANDS else "")

    async def file(self, request: web.Request) -> web.Response:
        """Answer a file of the page."""
        if (objection := access.objection_to_part(request, *self._place)) is not None:
            return _refused(objection)
        name = request.match_info["file"]
        if name not in FILES:
            raise web.HTTPNotFound
        return web.Response(text=self._files[name], content_type=FILES[name], charset="utf-8", headers=HEADERS)

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Answer with events for as long as the browser looks on."""
        if (objection := access.objection_to_part(request, *self._place)) is not None:
            return _refused(objection)
        return await self.viewers.serve(request, self._document(request), HEADERS)

    async def image(self, request: web.Request) -> web.Response:
        """Answer an image of a person; its presigned URL is not needed, and is nowhere in the page."""
        if (objection := access.objection_to_part(request, *self._place)) is not None:
            return _refused(objection)
        asked, state = request.match_info, self._server.state
        room = state.workspaces.get(asked["workspace"])
        person = None if room is None else room.persons.get(_number(asked["person"]))
        key = None if person is None else person.thumbnails.get(_number(asked["thumbnail"]))
        upload = state.uploads.get(key or "")
        if upload is None or not is_shown(upload):
            raise web.HTTPNotFound
        return web.Response(body=upload.content, content_type=CONTENT_TYPES[upload.format], headers=IMAGE_HEADERS)

    async def command(self, request: web.Request) -> web.Response:
        """Perform what a form asks for; a page without its script is sent back to where it was."""
        command = request.match_info["command"]
        form = await _form(request)
        given = form.get("token", "")
        objection = access.objection_to_form(request, *self._place, given=given, token=self._token)
        if objection is None and command not in COMMANDS:
            raise web.HTTPNotFound
        page, status = self._document(request), HTTPStatus.FORBIDDEN
        if objection is None:
            objection, status = self._performed(command, form), HTTPStatus.BAD_REQUEST
        said = page.words(f"done.{command}") if objection is None else page.words("not_done", reason=objection)
        if "application/json" in request.headers.get(hdrs.ACCEPT, ""):
            return web.json_response({"said": said}, status=200 if objection is None else status, headers=HEADERS)
        if objection is None:
            query = page.view.query()
            place = f"/{query}{'&' if query else '?'}done={command}#{command.partition('.')[0]}"
            return web.Response(status=HTTPStatus.SEE_OTHER, headers={**HEADERS, hdrs.LOCATION: place})
        return _refused(said) if status is HTTPStatus.FORBIDDEN else _html(page, said, status)

    def _performed(self, command: str, form: Mapping[str, str]) -> str | None:
        """Perform a command; return why it could not be, None if it could."""
        arguments: Mapping[str, Any] = wanted_fault(form) if command == "faults.next" else {}
        try:
            perform(self._server, command, arguments)
        except InvalidArgumentError as error:
            return str(error)
        self._server.answered.wake()
        return None

    @property
    def _place(self) -> tuple[str, Any]:
        return self._server.host, self._server.settings

    def _document(self, request: web.Request) -> PageDocument:
        view = read_view(request.query, request.headers.get(hdrs.ACCEPT_LANGUAGE, ""))
        return PageDocument(self._server, view, self._token)


def _html(page: PageDocument, said: str, status: int = 200) -> web.Response:
    headers = {**HEADERS, hdrs.CONTENT_LANGUAGE: page.view.language, hdrs.VARY: hdrs.ACCEPT_LANGUAGE}
    body = page.html(said).encode("utf-8", "replace")
    return web.Response(body=body, status=status, content_type="text/html", charset="utf-8", headers=headers)


def _refused(objection: str) -> web.Response:
    return web.Response(text=f"{objection}\n", status=HTTPStatus.FORBIDDEN, headers=HEADERS)


async def _form(request: web.Request) -> Mapping[str, str]:
    """Return the fields of a form, none of what is no form or is too large for one."""
    if request.content_type != access.FORM or (request.content_length or MOST_BYTES + 1) > MOST_BYTES:
        return {}
    body = await request.read()
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1  # noqa: PLR2004  digits of an ID
