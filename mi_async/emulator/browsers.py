"""CORS of the emulated storage: lets a page of another origin upload.

Invariant: pure. The API itself has none: a page cannot sign without carrying the secret key.
"""

import re
from collections.abc import Collection, Mapping

from aiohttp import hdrs, web

from mi_async.emulator import rules
from mi_async.emulator.answers import refusal
from mi_async.errors import ConfigError

ANY = "*"
ORIGIN = re.compile(r"https?://[^/\s]+")
METHODS = ("PUT", "GET")
LIFE = 3000
"""Seconds for which a browser may remember the answer to its preflight request."""


def check_origins(_instance: object, _attribute: object, origins: Collection[str]) -> None:
    """Refuse an origin that no browser would send.

    Raises:
        ConfigError: it is neither ``*`` nor scheme, host and port.
    """
    for origin in origins:
        if origin != ANY and not ORIGIN.fullmatch(origin):
            message = f"an origin is {ANY} or such as https://example.com:8443, without a path; got {origin!r}"
            raise ConfigError(message)


def allowed(request: web.BaseRequest, origins: Collection[str]) -> Mapping[str, str]:
    """Return the headers that let the page that asks see the answer; none for a page of another origin."""
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is None or not {origin, ANY} & set(origins):
        return {}
    return {
        hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: ANY if ANY in origins else origin,
        hdrs.ACCESS_CONTROL_EXPOSE_HEADERS: "ETag, x-ncp-request-id",
        hdrs.VARY: hdrs.ORIGIN,
    }


def preflight(request: web.BaseRequest, origins: Collection[str]) -> web.Response:
    """Answer the question whether a page may send what it is about to send."""
    method = request.headers.get(hdrs.ACCESS_CONTROL_REQUEST_METHOD)
    if method not in METHODS or not allowed(request, origins):
        return refusal(rules.FOREIGN_ORIGIN, f"{request.headers.get(hdrs.ORIGIN)} {method}")
    headers = {
        hdrs.ACCESS_CONTROL_ALLOW_METHODS: ", ".join(METHODS),
        hdrs.ACCESS_CONTROL_MAX_AGE: str(LIFE),
    }
    if (asked := request.headers.get(hdrs.ACCESS_CONTROL_REQUEST_HEADERS)) is not None:
        headers[hdrs.ACCESS_CONTROL_ALLOW_HEADERS] = asked
    return web.Response(headers=headers)
