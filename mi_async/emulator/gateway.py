"""The API gateway in front of the service: signatures, quotas, unknown paths.

Invariant: refuses or lets pass; it never looks into a body, and what it refuses has no effect.
"""

from collections.abc import Mapping
from http import HTTPStatus

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Handler
from attrs import Factory, define

from mi_async._core.http_messages import Request
from mi_async._core.operation import Operation, Quota
from mi_async._core.signing import EPOCH_MS, MAX_SKEW, TIMESTAMP, Verdict, verify
from mi_async.credentials import Credentials
from mi_async.emulator import rules
from mi_async.emulator.answers import refusal
from mi_async.emulator.log import RequestLog
from mi_async.emulator.quota_windows import Window
from mi_async.emulator.rules import Rejection
from mi_async.emulator.state import EmulatorState


@define(eq=False)
class Gateway:
    """The gateway of one server.

    Attributes:
        credentials: the one key pair that is valid.
        state: for the settings and the time.
        log: where throttling is counted.
        windows: the quotas that were used, by operation id.
    """

    credentials: Credentials
    state: EmulatorState
    log: RequestLog
    windows: dict[str, Window] = Factory(dict)

    def quota(self, operation: Operation) -> Quota | None:
        """Return the quota of an operation; None when it has none or none is enforced."""
        settings = self.state.settings
        return settings.quotas.get(operation.id, operation.quota) if settings.enforce_quotas else None

    def refuse(self, request: web.Request, operation: Operation, quota: Quota | None) -> web.Response | None:
        """Refuse a request that just arrived, or let it pass and count it."""
        now = self.state.now()
        self.log.arrivals[operation.id].append(now)
        verdict = verify_signature(request, self.credentials, self.state.wall(), self.state.settings.max_skew)
        if verdict is not Verdict.OK:
            return refusal(rules.UNAUTHENTICATED, verdict.value)
        if quota is None or self._window(operation, quota).admit(now):
            return None
        self.log.throttled[operation.id] += 1
        return refusal(rules.THROTTLED)

    def _window(self, operation: Operation, quota: Quota) -> Window:
        window = self.windows.get(operation.id)
        if window is None:
            window = self.windows[operation.id] = Window(quota)
        return window


def verify_signature(request: web.Request, credentials: Credentials, wall: float, max_skew: float) -> Verdict:
    """Verify a signature over the target exactly as received."""
    stamp = request.headers.get(TIMESTAMP, "")
    if max_skew != MAX_SKEW and EPOCH_MS.fullmatch(stamp):
        # the verifier knows one limit; the distance that it sees is scaled from ours to that one
        claimed = int(stamp) / 1000
        wall = claimed + (wall - claimed) * MAX_SKEW / max_skew
    return verify(Request(request.method, request.raw_path), request.headers, credentials, wall)


_BY_STATUS: Mapping[int, Rejection] = {HTTPStatus.REQUEST_ENTITY_TOO_LARGE: rules.TOO_LARGE}


@web.middleware
async def gateway_words(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Put into the gateway's words what the framework refuses: paths, methods, bodies too large or malformed."""
    try:
        return await handler(request)
    except (HttpProcessingError, web.RequestPayloadError) as error:
        response = refusal(rules.BAD_REQUEST, f"{request.method} {request.path}: {type(error).__name__}")
        response.force_close()
        return response
    except web.HTTPException as error:
        return refusal(_BY_STATUS.get(error.status, rules.NO_SUCH_API), f"{request.method} {request.path}")
