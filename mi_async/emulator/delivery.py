"""Mishaps of an answer on its way: dropped, cut short, trickling.

Invariant: the answer is given; nothing here decides whether it takes a mishap.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress

from aiohttp import web

from mi_async.emulator.faults import Mishap

PIECES = 8
Sleep = Callable[[float], Awaitable[None]]


async def deliver(
    mishap: Mishap, request: web.Request, answer: web.Response, sleep: Sleep, slow: float
) -> web.StreamResponse:
    """Let an answer take a mishap.

    Args:
        mishap: which one.
        request: whose connection it is.
        answer: what would have been sent; ignored by a drop.
        sleep: of the server's clock.
        slow: seconds over which a trickle lasts.
    """
    if mishap is Mishap.TRUNCATE:
        return await _truncated(request, answer)
    if mishap is Mishap.TRICKLE:
        return await _trickling(request, answer, sleep, slow)
    _hang_up(request)
    return answer


def _hang_up(request: web.Request) -> None:
    # what was written is sent before the close; then aiohttp finds no transport, and gives up without a word
    request.protocol.force_close()


def _started(answer: web.Response, length: int) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    response.content_length = length
    return response


async def _truncated(request: web.Request, answer: web.Response) -> web.StreamResponse:
    body = _body(answer)
    response = _started(answer, len(body) + 1)
    response.force_close()
    with suppress(ConnectionResetError):  # the client had enough before that
        await response.prepare(request)
        await response.write(body[: len(body) // 2])
    _hang_up(request)
    return response


async def _trickling(request: web.Request, answer: web.Response, sleep: Sleep, slow: float) -> web.StreamResponse:
    body = _body(answer)
    response = _started(answer, len(body))
    step = -(-len(body) // PIECES) or 1
    with suppress(ConnectionResetError):  # the client had enough
        await response.prepare(request)
        for piece in range(PIECES):
            await sleep(slow / PIECES)
            await response.write(body[piece * step : (piece + 1) * step])
    return response


def _body(answer: web.Response) -> bytes:
    body = answer.body
    return body if isinstance(body, bytes) else b""
