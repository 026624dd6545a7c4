"""The server: a route for every declared operation, two for the storage, one that describes them, and those of control.

Invariant: gateway, fault, effect, answer, in this order; no operation is named here.
"""

import asyncio
import logging
import random
import re
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from functools import partial
from http import HTTPStatus

from aiohttp import web
from aiohttp.typedefs import Handler
from attrs import Factory, define, field

from mi_async._core import convert
from mi_async._core.clock import Clock
from mi_async._core.declare import Group, operations_of
from mi_async._core.operation import Operation, RawArguments
from mi_async.api import GROUPS, operations
from mi_async.api.openapi import describe
from mi_async.credentials import Credentials
from mi_async.emulator import unknown_faces
from mi_async.emulator.answered import AnsweredRequests
from mi_async.emulator.answers import REASON, refusal, success
from mi_async.emulator.bodies import BODIES, Bodies, bodies_for
from mi_async.emulator.browsers import allowed, preflight
from mi_async.emulator.control import ROOT, add_control
from mi_async.emulator.delivery import deliver
from mi_async.emulator.environment import environment
from mi_async.emulator.faults import COURSES, STORAGE, STORAGE_GET, STORAGE_PUT, Fault, Faults, Moment
from mi_async.emulator.gateway import Gateway, gateway_words
from mi_async.emulator.links import PREFIX, Links, reached_at
from mi_async.emulator.log import RequestLog
from mi_async.emulator.page import add_page
from mi_async.emulator.page_paths import is_page
from mi_async.emulator.request_body import read_json_body
from mi_async.emulator.rules import INVALID, Refused, Rejection
from mi_async.emulator.settings import CREDENTIALS, Settings
from mi_async.emulator.state import EmulatorState
from mi_async.emulator.storage import ROUTE, EmulatedStorage
from mi_async.errors import ResponseError
from mi_async.text import one_line

_log = logging.getLogger(__name__)

DESCRIPTION = "/openapi.json"
REQUEST_ID = "x-ncp-request-id"
HOST = re.compile(r"(?:[\w.-]{1,253}|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?", re.ASCII)
ALL_INTERFACES = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  to recognise them
"""Addresses to listen on that are none to connect to, with one that is."""
PLACE = web.RequestKey[str]("place")
"""The operation that a request asks for."""
FAULT = web.RequestKey[Fault | Rejection]("fault")
"""Fault or refusal that a request meets."""

Perform = Callable[[web.Request], Awaitable[web.Response]]


@define(eq=False)
class Server:
    """An emulated service.

    Attributes:
        settings: how it behaves.
        credentials: the one key pair that it accepts.
        clock: its time; processing, expiry and quotas run on it.
        bodies: what its operations do.
        url: where it listens, for ``connect(base_url=...)``.
        host: the address that it listens at; '' before.
        state: what exists, for assertions.
        faults: what goes wrong, for scripting.
        log: what it saw.
        gateway: the gateway in front of it, with the windows of the quotas.
        answered: the last requests and how they ended, for its page.
        changes: how many requests and resets may have changed the state.
    """

    settings: Settings = Factory(Settings)
    credentials: Credentials = CREDENTIALS
    clock: Clock = Factory(Clock)
    bodies: Bodies = field(default=BODIES, repr=False)
    url: str = field(init=False, default="")
    host: str = field(init=False, default="")
    state: EmulatorState = field(init=False, repr=False)
    faults: Faults = field(init=False, repr=False)
    log: RequestLog = field(init=False, factory=RequestLog, repr=False)
    answered: AnsweredRequests = field(init=False, factory=AnsweredRequests, repr=False)
    changes: int = field(init=False, default=0)
    gateway: Gateway = field(init=False, repr=False)
    _request_ids: random.Random = field(init=False, repr=False, factory=random.Random)
    _jitter: random.Random = field(init=False, repr=False, factory=random.Random)

    def __attrs_post_init__(self) -> None:
        """Make what the settings describe."""
        self.state = EmulatorState(self.settings, self.clock, Links())
        places = frozenset({operation.id for operation in operations()} | STORAGE)
        self.faults = Faults(places, self.settings.random_faults, random.Random())
        self.gateway = Gateway(self.credentials, self.state, self.log)
        self._begin()

    @property
    def environment(self) -> dict[str, str]:
        """Variables of the environment by which the command line and programs of yours find it."""
        return environment(self.settings.public_url or self.url, self.credentials, self.settings.workspaces)

    def reset(self) -> None:
        """Go back to the start: what exists, faults, log and quotas; address, keys and settings stay."""
        self.state.reset()
        self.log.clear()
        self.gateway.windows.clear()
        self._begin()
        self.changes += 1
        self.answered.clear()

    def _begin(self) -> None:
        seed = self.settings.seed
        self.faults.reset(f"faults {seed}")
        for place, rejection in self.settings.refusals:
            self.faults.next(place, rejection)
        for place, fault, times in self.settings.faults:
            self.faults.next(place, fault, times=times)
        self._request_ids.seed(f"requests {seed}")
        self._jitter.seed(f"jitter {seed}")

    def application(self) -> web.Application:
        """Build the aiohttp application."""
        travel = [self._travel] if self.settings.jitter else []
        app = web.Application(middlewares=[self._watched, *travel, self._addressed, gateway_words])
        app.on_response_prepare.append(self._stamp)
        for group in GROUPS:
            for operation in operations_of(group):
                app.router.add_route(operation.method, operation.path, self._api(group, operation))
        storage = EmulatedStorage(self.state)
        app.router.add_put(ROUTE, self._put(storage))
        app.router.add_get(ROUTE, self._get(storage), allow_head=False)
        if self.settings.cors:
            app.router.add_route("OPTIONS", ROUTE, self._preflight)
        app.router.add_get(DESCRIPTION, self._described, allow_head=False)
        add_control(app.router, self)
        add_page(app, self)
        return app

    def listening(self, host: str, port: int) -> None:
        """Take note of the address, which presigned URLs are made of."""
        self.host = host
        host = ALL_INTERFACES.get(host, host)
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown}:{port}"
        self.state.links.base_url = (self.settings.public_url or self.url).rstrip("/")

    async def serve_forever(self) -> None:
        """Wait until cancelled."""
        await asyncio.get_running_loop().create_future()

    def _api(self, group: type[Group], operation: Operation) -> Handler:
        quota = self.gateway.quota(operation)
        make = bodies_for(group, self.bodies)

        async def perform(request: web.Request) -> web.Response:
            unknown_faces.register_unknown(self.state, request.match_info.get("workspace_name"))
            return await _performed(operation, partial(make, self.state), request)

        async def handle(request: web.Request) -> web.StreamResponse:
            request[PLACE] = operation.id
            refused = self.gateway.refuse(request, operation, quota)
            if refused is not None:
                return self._logged(operation.id, refused)
            body = await request.read() if operation.takes_body else b""
            encoding = request.headers.get("Content-Encoding", "")
            self.log.received.append((operation.id, request.method, request.raw_path, body, encoding))
            return await self._exchange(operation.id, request, perform)

        return handle

    def _put(self, storage: EmulatedStorage) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            self._arrived(STORAGE_PUT, request)
            return await self._exchange(STORAGE_PUT, request, storage.put)

        return handle

    def _get(self, storage: EmulatedStorage) -> Handler:
        async def perform(request: web.Request) -> web.Response:
            return storage.get(request)

        async def handle(request: web.Request) -> web.StreamResponse:
            self._arrived(STORAGE_GET, request)
            return await self._exchange(STORAGE_GET, request, perform)

        return handle

    async def _described(self, _: web.Request) -> web.Response:
        # not part of the service, so without a signature
        return web.Response(body=convert.dumps(describe(self.state.links.address)), content_type="application/json")

    async def _preflight(self, request: web.Request) -> web.Response:
        return preflight(request, self.settings.cors)

    @web.middleware
    async def _watched(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Keep how a request ended, but for those by which people look on or control the emulator."""
        begun, wall = self.state.now(), self.state.wall()
        answer = await handler(request)
        if not request.path.startswith(ROOT) and not is_page(request.path):
            path = request.raw_path.partition("?")[0]
            took = self.clock.real(self.state.now() - begun)
            place, fault = request.get(PLACE, ""), request.get(FAULT)
            self.answered.add((wall, request.method, path, place, answer.status, fault, took))
        return answer

    @web.middleware
    async def _addressed(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Give URLs with the address by which this client reached the server, unless a public one is set."""
        host = request.headers.get("Host", "")
        if self.settings.public_url is not None or not HOST.fullmatch(host):
            return await handler(request)
        with reached_at(f"{request.scheme}://{host}"):
            return await handler(request)

    @web.middleware
    async def _travel(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let a request be late, and then its answer, each by its own throw of the dice."""
        if is_page(request.path):  # looking on changes nothing, the dice of others neither
            return await handler(request)
        await self.clock.sleep(self._jitter.uniform(0.0, self.settings.jitter))
        answer = await handler(request)
        await self.clock.sleep(self._jitter.uniform(0.0, self.settings.jitter))
        return answer

    async def _exchange(self, place: str, request: web.Request, perform: Perform) -> web.StreamResponse:
        """Effect and answer, and what goes wrong with them."""
        fault = self.faults.draw(place)
        if fault is None:
            return self._logged(place, await perform(request))
        request[FAULT] = fault
        if isinstance(fault, Rejection):
            return self._logged(place, refusal(fault))
        course = COURSES[fault]
        answer = await perform(request) if course.moment is Moment.AFTER else web.Response()
        ending = course.storage if place in STORAGE else course.api
        if isinstance(ending, Rejection):
            return self._logged(place, refusal(ending))
        return await deliver(ending, request, self._logged(place, answer), self.clock.sleep, self.settings.slow_body)

    def _arrived(self, place: str, request: web.Request) -> None:
        request[PLACE] = place
        self.log.arrivals[place].append(self.state.now())
        # without the query, which is a signature
        self.log.received.append((place, request.method, request.raw_path.partition("?")[0], b"", ""))

    def _logged(self, place: str, answer: web.Response) -> web.Response:
        self.log.answers[place, answer.status] += 1
        self.changes += 1
        return answer

    async def _stamp(self, request: web.Request, response: web.StreamResponse) -> None:
        if is_page(request.path):
            return
        # of the target only the path: the query of an upload is a signature
        reason = f" ({response.headers[REASON]})" if REASON in response.headers else ""
        _log.info("%s %s: HTTP %d%s", one_line(request.method), one_line(request.path), response.status, reason)
        if request.path.startswith(PREFIX):
            response.headers.update(allowed(request, self.settings.cors))
        if response.status == HTTPStatus.TOO_MANY_REQUESTS and self.settings.retry_after is not None:
            response.headers["Retry-After"] = f"{self.settings.retry_after:g}"
        response.headers["Date"] = formatdate(self.state.wall(), usegmt=True)
        response.headers[REQUEST_ID] = f"{self._request_ids.getrandbits(128):032x}"


async def _performed(operation: Operation, make: Callable[..., Group], request: web.Request) -> web.Response:
    """Run the body of an operation and wrap what it returns."""
    try:
        bodies = make(**{name: request.match_info[name] for name in operation.scope})
        body = await read_json_body(request, expected=operation.takes_body)
        raw = RawArguments(request.match_info, request.query, body)
        return success(await getattr(bodies, operation.name)(**operation.arguments(raw)))
    except Refused as refused:
        return refusal(refused.rejection, refused.detail)
    except ResponseError as error:
        return refusal(INVALID, str(error))
