"""Checks of the way to the service: name, connection, certificate and clock. No key is sent.

Invariant: a check returns what it found and raises nothing of its own.
"""

import asyncio
import socket
from ipaddress import ip_address

import aiohttp
from yarl import URL

from mi_async._core.network_errors import UNTIMELY, UNTRUSTED
from mi_async._core.proxies import is_this_machine
from mi_async.doctor.exchange import exchange, issuer_at
from mi_async.doctor.models import CheckResult, failed, fine, warning
from mi_async.doctor.subject import Subject
from mi_async.errors import MIError, TransportError
from mi_async.text import MaskedURL, duration, escaped, span
from mi_async.version import VERSION

AGENT = f"mi-async-doctor/{VERSION}"
REFUSED_FROM = 300.0
"""Seconds of clock offset from which the service refuses a signature."""
WORTH_SAYING = 5.0
"""Seconds of clock offset below which nothing is wrong."""
TRUST = "if that is your company's proxy, trust its certificate; if not, somebody reads along"
RENEW = "set this machine's clock, or have the certificate renewed"
RENAME = "use the name that the certificate is for: --base-url"
SERVER_ERROR = 500
PROXY_ADVICE = "; check connect(proxy=...)"
"""Beginning of what an error of a proxy says to do."""
NO_TLS = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE")
"""OpenSSL's words for an answer that is no TLS, old and new."""
HALF = 0.5
"""Seconds that a Date header has lost on average: it has no fractions."""


async def check_dns(subject: Subject) -> CheckResult:
    """Resolve the name of the service, or of the proxy, which resolves the service's."""
    proxy = subject.proxy()
    url = subject.settings.base_url if proxy is None else URL(proxy)
    host, whose = url.host or "", "" if proxy is None else "proxy "
    if _is_address(host):
        return fine(f"{whose}{host} is an address, nothing to look up")
    begun = subject.settings.clock.steady()
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, url.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:  # the latter of a name that DNS has no form for
        said = escaped(getattr(error, "strerror", None) or "it is no host name")
        remedy = "correct the proxy" if proxy else "check the name in --base-url, the network and the DNS server"
        return failed(f"{whose}{escaped(host)} does not resolve: {said}", remedy)
    seconds = subject.settings.clock.steady() - begun
    addresses = list(dict.fromkeys(str(address[0]) for *_, address in found))
    more = f" and {len(addresses) - 1} more" if len(addresses) > 1 else ""
    return fine(f"{whose}{escaped(host)} is {addresses[0]}{more} ({duration(seconds)})")


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


async def check_connection(subject: Subject) -> CheckResult:
    """Connect to the service, and name the issuer of its certificate."""
    url, proxy = subject.settings.base_url, subject.proxy()
    try:
        answered = await exchange(url, proxy, subject.trust, AGENT, subject.settings.clock)
    except TransportError as error:
        return await _not_connected(subject, error)
    subject.answered = answered
    taken = f"answered in {duration(answered.seconds)}"
    if answered.status >= SERVER_ERROR:
        taken = f"HTTP {answered.status} in {duration(answered.seconds)}"
        return warning(f"{taken} from {url}: the service, or a proxy before it, fails", "try again in some minutes")
    if answered.is_page:
        at = "--proxy and --base-url" if proxy is not None else "--base-url"
        return failed(f"a web server answered, not the service: a page of HTML at {url}", f"correct {at}")
    if answered.protocol:
        return fine(f"{answered.protocol}, certificate issued by {answered.issuer or 'nobody it names'}; {taken}")
    if is_this_machine(url.host or ""):
        return fine(f"{taken}; plain HTTP, on this machine")
    return warning(f"{taken}; plain HTTP, which others on the network can read", "use https:// in the base URL")


async def _not_connected(subject: Subject, error: TransportError) -> CheckResult:
    distrusted = _distrusted(error)
    issuer = await _issuer(subject.settings.base_url, subject.proxy(), subject) if distrusted else ""
    said, advised, advice = str(error).partition(PROXY_ADVICE)
    named = f"{said}; its certificate was issued by {issuer}" if issuer else said
    return failed(named, distrusted or (f"{advised}{advice}".removeprefix("; ") or _reachable(subject, said)))


def _distrusted(error: TransportError) -> str:
    """Return what to do about a certificate that is not trusted, '' where that is not what failed."""
    if not isinstance(error.__cause__, aiohttp.ClientConnectorCertificateError):
        return ""
    code = getattr(error.__cause__.certificate_error, "verify_code", None)
    return TRUST if code in UNTRUSTED else RENEW if code in UNTIMELY else RENAME


def _reachable(subject: Subject, said: str) -> str:
    if any(word in said for word in NO_TLS):
        return "it speaks plain HTTP: write http:// in the URL of the " + ("proxy" if subject.proxy() else "service")
    if subject.proxy() is not None:
        return "check the proxy, and whether it lets the host through"
    if is_this_machine(subject.settings.base_url.host or ""):
        return "is it running? see --base-url / MI_ASYNC_BASE_URL"
    return "check the network and the firewall; a company's proxy is named by --proxy or HTTPS_PROXY"


async def _issuer(url: URL, proxy: MaskedURL | None, subject: Subject) -> str:
    try:
        return await issuer_at(url, proxy, AGENT, subject.settings.clock)
    except MIError:
        return ""


async def check_clock(subject: Subject) -> CheckResult:
    """Compare this machine's clock with the service's."""
    answered = subject.answered
    if answered.date is None:
        return warning("the answer has no Date, so the service's clock is unknown", "compare yours with any clock")
    offset = answered.date + HALF - answered.asked
    side = "behind" if offset > 0 else "ahead of"
    text = f"this machine is {span(abs(offset))} {side} the service"
    if abs(offset) < WORTH_SAYING:
        return fine(f"within {WORTH_SAYING:g} s of the service's")
    if abs(offset) < REFUSED_FROM:
        return warning(text, "set the clock (NTP)")
    return warning(f"{text}; signatures are refused until a session has learnt that", "set the clock (NTP)")
