"""Answers as bytes: the success envelope, and a refusal in the dialect of whoever refuses.

Invariant: pure; a value in, an unsent response out.
"""

from collections.abc import Callable, Mapping
from xml.sax.saxutils import escape

from aiohttp import web

from mi_async._core import convert
from mi_async.emulator.rules import INVALID, Dialect, Rejection

REASON = "x-emulator-reason"
"""Header that says what exactly was wrong, as the message does where it says nothing; the service has neither."""


def success(result: object) -> web.Response:
    """Return the service's envelope; without ``result`` when there is none, as most deletes answer."""
    envelope = {"code": "0", "message": "success"}
    body = convert.dumps(envelope if result is None else envelope | {"result": result})
    return web.Response(body=body, content_type="application/json")


def refusal(rejection: Rejection, detail: str = "") -> web.Response:
    """Say no in the dialect of whoever says it."""
    content_type, write = _WRITERS[rejection.dialect]
    response = web.Response(status=rejection.status, body=write(rejection, detail), content_type=content_type)
    if detail:
        response.headers[REASON] = detail.strip().encode("unicode_escape").decode()
    return response


def _flat(rejection: Rejection, detail: str) -> bytes:
    # The one text that says nothing is completed: who only sees the message could not help himself otherwise.
    shown = f" ({detail.strip()})" if detail.strip() and rejection.text == INVALID.text else ""
    return convert.dumps({"code": rejection.code, "message": rejection.text + shown})


def _gateway(rejection: Rejection, detail: str) -> bytes:
    return convert.dumps(
        {"error": {"errorCode": rejection.code, "message": rejection.text, "details": detail or rejection.text}}
    )


def _xml(rejection: Rejection, _: str) -> bytes:
    code, text = escape(rejection.code), escape(rejection.text)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{text}</Message></Error>'.encode()
    )


def _page(rejection: Rejection, _: str) -> bytes:
    title = f"{rejection.status} {rejection.text}"
    return f"<html><head><title>{title}</title></head><body><h1>{title}</h1><hr>proxy</body></html>".encode()


_WRITERS: Mapping[Dialect, tuple[str, Callable[[Rejection, str], bytes]]] = {
    Dialect.SERVICE: ("application/json", _flat),
    Dialect.GATEWAY: ("application/json", _gateway),
    Dialect.STORAGE: ("application/xml", _xml),
    Dialect.PROXY: ("text/html", _page),
}
