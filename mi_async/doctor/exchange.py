"""One request without a signature: who answers at a URL, with which certificate, and at which time.

Invariant: no key is sent. An answer over a connection that is not trusted is not looked at but for its certificate.
"""

import ssl
from typing import Any

import aiohttp
from attrs import frozen
from yarl import URL

from mi_async._core.address import Address
from mi_async._core.clock import Clock
from mi_async._core.envelope import date
from mi_async._core.network_errors import PROXY_AUTH, proxy_refusal, with_our_errors
from mi_async.doctor.certificate import issuer_of
from mi_async.text import MaskedURL


@frozen
class Answered:
    """An answer.

    Attributes:
        status: HTTP status.
        date: seconds since the epoch by the clock of who answered; None where that was not told.
        asked: wall time in the middle of the exchange.
        seconds: that it took.
        issuer: of the certificate; '' without TLS.
        protocol: version of TLS; '' without it.
        is_page: True if it is a page of HTML, which the service never sends.
    """

    status: int
    date: float | None
    asked: float
    seconds: float
    issuer: str = ""
    protocol: str = ""
    is_page: bool = False


class _Observed(aiohttp.TCPConnector):
    """Keeps the TLS of its last connection: an answer that was read to its end has let go of it."""

    tls: ssl.SSLObject | None = None

    async def connect(self, *arguments: Any, **more: Any) -> aiohttp.connector.Connection:
        connection = await super().connect(*arguments, **more)
        transport = connection.transport
        self.tls = None if transport is None else transport.get_extra_info("ssl_object")
        return connection


async def exchange(url: URL, proxy: MaskedURL | None, trust: ssl.SSLContext, name: str, clock: Clock) -> Answered:
    """Send one GET and return the head of its answer, whatever it says.

    Args:
        url: base URL of who is asked.
        proxy: through which it goes.
        trust: certificates to trust.
        name: of the sender.
        clock: the time.

    Raises:
        TransportError: there is no answer.
    """
    # below the API: at the root of a host a service may have a page of its own, as the emulator does
    address, shown = Address(url / "api" / "v1"), Address(url)
    return await with_our_errors(_exchange(address, proxy, trust, name, clock, shown=shown), address, shown)


async def _exchange(
    address: Address, proxy: MaskedURL | None, trust: ssl.SSLContext, name: str, clock: Clock, *, shown: Address
) -> Answered:
    begun, now = clock.steady(), clock.wall()
    connector = _Observed(ssl=trust, force_close=True)
    async with (
        aiohttp.ClientSession(connector=connector, headers={"User-Agent": name}, skip_auto_headers=("Accept",)) as http,
        http.get(address.url, proxy=proxy, allow_redirects=False) as answer,
    ):
        if answer.status == PROXY_AUTH and proxy is not None:
            raise proxy_refusal(PROXY_AUTH, shown)
        seconds = clock.steady() - begun
        moment = date(answer.headers)
        tls = connector.tls
        der = None if tls is None else tls.getpeercert(binary_form=True)
        return Answered(
            answer.status,
            moment,
            now + seconds / 2,
            seconds,
            issuer_of(der or b""),
            "" if tls is None else tls.version() or "",
            answer.content_type == "text/html",
        )


async def issuer_at(url: URL, proxy: MaskedURL | None, name: str, clock: Clock) -> str:
    """Return the issuer of the certificate at a URL that is not trusted, '' where nobody tells."""
    anything = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anything.check_hostname, anything.verify_mode = False, ssl.CERT_NONE
    return (await exchange(url, proxy, anything, name, clock)).issuer
