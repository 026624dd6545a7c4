"""aiohttp's errors as ours, each mapped once, for the API and for Object Storage.

Invariant: a mapped error shows no query, no header and no password of a proxy: not in its message, not in its causes,
and not in the local variables that a report of it may show. So the frames of aiohttp, which hold URL and headers, are
cut off, and a cause is kept only if it is of a kind that is known and quotes nothing.
"""

import asyncio
import errno
import re
import ssl
from collections.abc import Awaitable
from typing import TypeVar

import aiohttp

from mi_async._core.address import Address
from mi_async._core.connections import BrokenError
from mi_async._core.files import NO_DESCRIPTOR
from mi_async.errors import (
    ConnectError,
    DisconnectedError,
    InvalidArgumentError,
    MIError,
    ResponseError,
    TimeoutError,  # noqa: A004  ours; aiohttp's and asyncio's are named by module
    TransportError,
)
from mi_async.text import escaped

T = TypeVar("T")
SSL_OF_AIOHTTP = re.compile(r" ssl:(\w+|<[^>]*>)(?= \[)")
"""Part of aiohttp's messages that names TLS settings, also for connections without TLS."""
EXHAUSTED = NO_DESCRIPTOR | {
    errno.ENOMEM: "this machine has no memory left for a connection",
    errno.ENOBUFS: "this machine has no buffer left for a connection",
}
UNTRUSTED = frozenset({2, 18, 19, 20, 21})
"""OpenSSL's codes for a chain that ends in a certificate which is not trusted: another CA would help."""
UNTIMELY = frozenset({9, 10})
"""OpenSSL's codes for a certificate that is not valid yet, or not any more."""
PROXY_AUTH = 407
KNOWN_CAUSES = (OSError, ssl.SSLError, aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, EOFError, ValueError)
"""Classes of causes that are kept: none carries the request. One that quotes its URL is dropped all the same."""

# First match wins; a text without {said} keeps back what aiohttp says, because it quotes the URL.
_MAPPING: tuple[tuple[tuple[type[Exception], ...], type[MIError], str], ...] = (
    ((aiohttp.ConnectionTimeoutError,), ConnectError, "no connection in time"),
    ((aiohttp.ClientConnectorError,), ConnectError, "{said}"),
    ((asyncio.TimeoutError,), TimeoutError, "no answer in time"),
    ((aiohttp.ClientPayloadError,), ResponseError, "the answer is truncated or cannot be decoded"),
    ((aiohttp.ClientResponseError,), ResponseError, "the answer is not HTTP"),
    ((aiohttp.InvalidURL,), InvalidArgumentError, "not a URL that can be requested"),
    ((aiohttp.ServerDisconnectedError,), DisconnectedError, "Server disconnected"),  # it may say half a head instead
    ((aiohttp.ClientConnectionError, OSError), DisconnectedError, "{said}"),
    ((ValueError,), InvalidArgumentError, "no such request can be made"),
    ((Exception,), TransportError, "{said}"),
)


async def with_our_errors(attempt: Awaitable[T], address: Address, name: object = None) -> T:
    """Await one attempt to get an answer.

    Args:
        attempt: a request by aiohttp.
        address: where it goes.
        name: what it is called in messages; None for the address.

    Raises:
        MIError: ours, also for those of aiohttp, without the frames below: those of aiohttp, and what they hold, are
            in no report.
    """
    failure: MIError
    try:
        return await attempt
    except BrokenError as error:
        failure = mapped(error.args[0], address, name)
    except (aiohttp.ClientError, OSError, ValueError) as error:
        failure = mapped(error, address, name)
    except MIError as error:
        failure = error.with_traceback(None)
    except asyncio.CancelledError as error:
        error.__traceback__ = error.__context__ = None
        raise
    try:
        raise failure  # outside of except, which would make the foreign error its context
    finally:
        del failure  # else this frame and its traceback would keep each other, and the body that was sent


def mapped(error: Exception, address: Address, name: object = None) -> MIError:
    """Return our error for one of aiohttp's, with its cause where that can be shown; raise it outside ``except``."""
    failure = _failure(error, address, address if name is None else name)
    failure.__cause__ = _cause(error, address)
    return failure


def _failure(error: Exception, address: Address, name: object) -> MIError:
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return proxy_refusal(error.status, name)
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        refused = ConnectError(f"{name}: {_distrust(error)}")
        refused.permanent = True
        return refused
    exhausted = EXHAUSTED.get(_errno(error))
    if exhausted is not None:
        return ConnectError(f"{name}: {exhausted}")
    if isinstance(error, aiohttp.ClientConnectorError) and _is_of_proxy(error, address):
        return ConnectError(f"{name}: {_unreachable(error)}")
    kind, text = next((kind, text) for foreign, kind, text in _MAPPING if isinstance(error, foreign))
    whole = SSL_OF_AIOHTTP.sub("", str(error)) or type(error).__name__
    if _quotes(whole, address):
        whole = type(error).__name__
    return kind(f"{name}: {text.format(said=escaped(whole))}")


def _is_of_proxy(error: aiohttp.ClientConnectorError, address: Address) -> bool:
    """Return True if it is the proxy that cannot be reached; where its name is unknown, only host and port tell."""
    is_target = error.host in {address.url.host, address.url.raw_host} and error.port == address.url.port
    return isinstance(error, aiohttp.ClientProxyConnectionError) or not is_target


def _unreachable(error: aiohttp.ClientConnectorError) -> str:
    """Name the proxy, why it cannot be reached, and the settings that name it."""
    said = escaped(error.os_error.strerror or type(error.os_error).__name__)
    where = f"{escaped(error.host)}:{error.port}"
    return f"the proxy {where} cannot be reached: {said}; check connect(proxy=...), --proxy or HTTPS_PROXY / HTTP_PROXY"


def is_local_shortage(error: ConnectError) -> bool:
    """Return True if this machine had nothing left to connect with, which says nothing about the other side."""
    cause = error.__cause__
    while cause is not None and _errno(cause) not in EXHAUSTED:
        cause = cause.__cause__
    return cause is not None


def proxy_refusal(status: int, name: object) -> ConnectError:
    """Return the error for a proxy that does not let a request through; permanent where it wants a password."""
    wants = "; it wants a user and a password, as in http://user:password@host:port" if status == PROXY_AUTH else ""
    error = ConnectError(f"{name}: the proxy answered {status}{wants}")
    error.permanent = status == PROXY_AUTH
    return error


def _distrust(error: aiohttp.ClientConnectorCertificateError) -> str:
    """Say why a certificate is not accepted, and which setting changes that."""
    reason = error.certificate_error
    code, said = getattr(reason, "verify_code", None), getattr(reason, "verify_message", None) or type(reason).__name__
    advice = ""
    if code in UNTRUSTED:
        advice = "; name the file of its CA with connect(ca_file=...), --ca-file or SSL_CERT_FILE"
    elif code in UNTIMELY:
        advice = "; check the clock of this machine, or the server's certificate"
    return f"the certificate of {escaped(error.host)} is not trusted: {escaped(str(said))}{advice}"


def _errno(error: BaseException) -> int:
    number = getattr(getattr(error, "os_error", error), "errno", None)
    return number if isinstance(number, int) else 0


def _cause(error: BaseException | None, address: Address) -> BaseException | None:
    """Return the foreign error without the frames that hold the request; None where it carries or quotes that."""
    if not isinstance(error, KNOWN_CAUSES) and type(error) is not aiohttp.ClientError:
        return None
    if isinstance(error, aiohttp.InvalidURL):
        return None  # a ValueError that quotes the URL
    if _has_proxy(error):
        return _cause(getattr(error, "os_error", None), address)
    if _quotes(f"{error} {error!r}", address):
        return None
    inner = _cause(error.__cause__, address)
    error.__traceback__ = error.__context__ = None
    error.__cause__ = inner
    return error


def _has_proxy(error: BaseException) -> bool:
    """Return True if the error's connection key, which is in its repr, may hold the password of a proxy."""
    return any(getattr(part, "proxy", None) is not None for part in error.args)


def _quotes(text: str, address: Address) -> bool:
    query = address.url.raw_query_string
    return str(address.url) in text or bool(query and query in text)
