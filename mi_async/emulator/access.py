"""Access to the emulator's control and to its page: one rule of who may ask, for programs, pages and forms.

Invariant: pure. A page of the browser on this machine reaches loopback addresses, too: under its own name after DNS
rebinding, and as a cross-origin request. So the name in ``Host`` must be one that no name server of an attacker answers
for.
"""

import hmac
import ipaddress
from collections.abc import Iterable

from aiohttp import hdrs, web
from yarl import URL

from mi_async.emulator.settings import Control, Settings

FORWARDED = ("Forwarded", "X-Forwarded-For")
"""Headers of a proxy: it is on this machine, and whoever asks it need not be."""
SITE = "Sec-Fetch-Site"
"""Header in which a browser says whose page asks: https://www.w3.org/TR/fetch-metadata/"""
OWN_SITES = frozenset({None, "same-origin", "none"})
"""Values of it for a request of the page itself or of its user; older browsers and other clients send none.

``same-site`` is not among them: another port of this machine is the same site.
"""
FORM = "application/x-www-form-urlencoded"


def objection_to_program(request: web.BaseRequest, host: str, settings: Settings) -> str | None:
    """Return the reason for which a program may not control a server that listens at an address; None if it may."""
    checks = (
        (hdrs.ORIGIN not in request.headers, "a web page may not control the emulator"),
        (
            request.method == hdrs.METH_GET or not request.body_exists or request.content_type == "application/json",
            "the body needs Content-Type: application/json",
        ),
    )
    return objection_to_reader(request, host, settings) or _first(checks)


def objection_to_part(request: web.BaseRequest, host: str, settings: Settings) -> str | None:
    """Return the reason for which a part of the page, such as an image, is not for who asks; None if it is."""
    own = request.headers.get(SITE) in OWN_SITES
    return objection_to_reader(request, host, settings) or _first([(own, "another site asks for a part of the page")])


def objection_to_form(request: web.BaseRequest, host: str, settings: Settings, *, given: str, token: str) -> str | None:
    """Return the reason for which a form of the page does nothing; None if it may have its effect.

    Args:
        request: that sent it.
        host: that the server listens at.
        settings: of the server.
        given: the token that was sent.
        token: the token of the page, which only the page's own origin can read.
    """
    checks = (
        (_is_own(request, settings), "the form was sent by a page of another origin"),
        (
            hmac.compare_digest(given.encode("utf-8", "surrogateescape"), token.encode()),
            "the page is of an earlier run of the emulator; load it again",
        ),
    )
    return objection_to_reader(request, host, settings) or _first(checks)


def objection_to_reader(request: web.BaseRequest, host: str, settings: Settings) -> str | None:
    """Return the reason for which nobody of this machine, or nobody who was allowed, asks; None if one does."""
    named = request.headers.get(hdrs.HOST, "")
    anywhere = settings.control is Control.ANYWHERE
    local = is_loopback(host) and is_loopback(request.remote or "")
    checks = (
        (anywhere or local, "the emulator is controlled from its own machine only; set --control anywhere"),
        (
            anywhere or not any(name in request.headers for name in FORWARDED),
            "the request came through a proxy; set --control anywhere",
        ),
        (_is_trusted(_host(named), settings), f"Host {named!r} is not an address of the emulator; use its IP address"),
    )
    return _first(checks)


def page_url(host: str, url: str, settings: Settings) -> str | None:
    """Return the address at which a browser may see the page of a server; None if it may nowhere.

    Args:
        host: that the server listens at.
        url: of the server.
        settings: of the server.
    """
    if settings.control is Control.ANYWHERE:
        return f"{(settings.public_url or url).rstrip('/')}/"
    return f"{url}/" if settings.control is Control.LOOPBACK and is_loopback(host) else None


def is_loopback(host: str) -> bool:
    """Return True if a host is this machine by its address or as ``localhost``."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _first(checks: Iterable[tuple[bool, str]]) -> str | None:
    return next((objection for fits, objection in checks if not fits), None)


def _is_own(request: web.BaseRequest, settings: Settings) -> bool:
    """Return True if the page itself sent a form.

    With ``Referrer-Policy: no-referrer`` a browser names the origin of a plain form as ``null``; the site tells more,
    but only of addresses that count as secure: https and loopback.
    """
    site, origin = request.headers.get(SITE), request.headers.get(hdrs.ORIGIN)
    if site is not None and site != "same-origin":
        return False
    if origin in {None, "null"}:
        return site is not None
    ours = {request.headers.get(hdrs.HOST, "").lower()}
    if settings.public_url:
        ours.add(URL(settings.public_url).host_port_subcomponent or "")
    return origin is not None and origin.partition("://")[2].lower() in ours


def _host(header: str) -> str | None:
    """Return the host that a ``Host`` header names, None if it is no such header."""
    try:
        return URL(f"//{header}").host or ""
    except ValueError:
        return None


def _is_trusted(host: str | None, settings: Settings) -> bool:
    """Return True if a host name cannot be one that an attacker's name server answers for."""
    if host is not None and is_loopback(host):
        return True
    if host is None or settings.control is not Control.ANYWHERE:
        return False
    public = URL(settings.public_url).host if settings.public_url else None
    return "." not in host or _is_address(host) or host == public


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
