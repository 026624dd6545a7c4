"""Control of an emulator from outside: faults, log, state and reset as commands, and the routes that take them.

Invariant: what a command does is told once, in ``COMMANDS``; a thread and another process get the same answers.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from aiohttp import web

from mi_async._core import convert
from mi_async.emulator.access import objection_to_program
from mi_async.emulator.faults import Fault, read_fault
from mi_async.emulator.log import RequestLog
from mi_async.emulator.rules import Dialect, Rejection
from mi_async.emulator.settings import Control
from mi_async.emulator.snapshot import document_of, images_of, still
from mi_async.emulator.state import EmulatorState
from mi_async.errors import InvalidArgumentError, ResponseError
from mi_async.models import Json
from mi_async.version import VERSION

if TYPE_CHECKING:
    from mi_async.emulator.server import Server

Command = Callable[["Server", Mapping[str, Any]], Json]

ROOT = "/_emulator"
ROUTES: Mapping[str, tuple[str, str]] = {
    "about": ("GET", ROOT),
    "faults": ("GET", f"{ROOT}/faults"),
    "faults.next": ("POST", f"{ROOT}/faults"),
    "faults.clear": ("DELETE", f"{ROOT}/faults"),
    "log": ("GET", f"{ROOT}/log"),
    "state": ("GET", f"{ROOT}/state"),
    "reset": ("POST", f"{ROOT}/reset"),
}
"""Method and path of each command."""
STATUSES = range(200, 600)
"""HTTP statuses of a refusal."""


def perform(server: "Server", command: str, arguments: Mapping[str, Any]) -> Json:
    """Perform a command in the event loop of the server.

    Raises:
        InvalidArgumentError: an argument is missing or of the wrong kind, or there is no such place or fault.
    """
    try:
        return COMMANDS[command](server, arguments)
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, InvalidArgumentError):
            raise
        message = f"{command} needs other arguments: {type(error).__name__}: {error}"
        raise InvalidArgumentError(message) from None


def _about(server: "Server", _: Mapping[str, Any]) -> Json:
    return {"version": VERSION, "url": server.url, "workspaces": list(server.settings.workspaces)}


def _faults(server: "Server", _: Mapping[str, Any]) -> Json:
    return {"injected": [[written_fault(fault), count] for fault, count in server.faults.injected.items()]}


def _next(server: "Server", arguments: Mapping[str, Any]) -> Json:
    unknown = sorted(set(arguments) - {"place", "fault", "times"})
    if unknown:
        message = f"a fault has place, fault and times, not {', '.join(unknown)}"
        raise InvalidArgumentError(message)
    fault, times = arguments["fault"], arguments.get("times", 1)
    if type(times) is not int:
        message = f"times must be a whole number, got {times!r}"
        raise InvalidArgumentError(message)
    server.faults.next(arguments["place"], told_fault(fault), times=times)
    return None


def _clear(server: "Server", _: Mapping[str, Any]) -> Json:
    server.faults.clear()
    return None


def _log(server: "Server", _: Mapping[str, Any]) -> Json:
    log = server.log
    return {
        "arrivals": {place: list(times) for place, times in log.arrivals.items()},
        "answers": [[place, status, count] for (place, status), count in log.answers.items()],
        "throttled": dict(log.throttled),
        "received": [[*told, b64encode(body).decode(), encoding] for *told, body, encoding in log.received],
    }


def _state(server: "Server", _: Mapping[str, Any]) -> Json:
    images = {key: b64encode(content).decode() for key, content in images_of(server.state).items()}
    return {**document_of(server.state), "images": images, "wall": server.state.wall()}


def _reset(server: "Server", _: Mapping[str, Any]) -> Json:
    server.reset()
    return None


COMMANDS: Mapping[str, Command] = {
    "about": _about,
    "faults": _faults,
    "faults.next": _next,
    "faults.clear": _clear,
    "log": _log,
    "state": _state,
    "reset": _reset,
}
"""Functions by command; they return plain values."""


def written_fault(fault: Fault | Rejection) -> Json:
    """Return a fault or refusal as plain values."""
    if isinstance(fault, Fault):
        return fault.name
    return {"status": fault.status, "code": fault.code, "text": fault.text, "dialect": fault.dialect.name}


def told_fault(plain: Any) -> Fault | Rejection:
    """Return the fault that plain values name: as :func:`written_fault` writes it, a name or a code."""
    if not isinstance(plain, Mapping):
        return read_fault(plain)
    status, text, dialect = plain.get("status"), plain.get("text", ""), plain.get("dialect", Dialect.SERVICE.name)
    if type(status) is not int or status not in STATUSES or not isinstance(text, str):
        message = f"a refusal has a status from {STATUSES[0]} to {STATUSES[-1]} and a text"
        raise InvalidArgumentError(message)  # here, or each request that meets it would end in an error of the server
    return Rejection(status, str(plain.get("code", "")), text, Dialect[dialect])


def told_log(plain: Any) -> RequestLog:
    """Return the log that the command of that name returned as plain values."""
    log = RequestLog()
    for place, times in plain["arrivals"].items():
        log.arrivals[place].extend(times)
    log.answers.update({(place, status): count for place, status, count in plain["answers"]})
    log.throttled.update(plain["throttled"])
    log.received.extend((one, method, path, b64decode(body), how) for one, method, path, body, how in plain["received"])
    return log


def told_state(plain: Any) -> EmulatorState:
    """Return the state that the command of that name returned as plain values; it stands still."""
    images = {key: b64decode(content) for key, content in plain["images"].items()}
    return still(plain, images, plain["wall"])


def add_control(router: web.UrlDispatcher, server: "Server") -> None:
    """Add the routes of the commands, unless the settings switch them off."""
    if server.settings.control is Control.OFF:
        return
    for command, (method, path) in ROUTES.items():
        router.add_route(method, path, _handler(server, command))


def _handler(server: "Server", command: str) -> Callable[[web.Request], Any]:
    async def handle(request: web.Request) -> web.Response:
        if (objection := objection_to_program(request, server.host, server.settings)) is not None:
            return _answer({"error": objection}, 403)
        try:
            told = convert.loads(await request.read() or b"{}")
            if not isinstance(told, dict):
                message = "arguments are a JSON object"
                raise InvalidArgumentError(message)  # noqa: TRY301  answered as the others
            return _answer({"result": perform(server, command, told)}, 200)
        except (InvalidArgumentError, ResponseError) as error:
            return _answer({"error": str(error)}, 400)

    return handle


def _answer(content: Json, status: int) -> web.Response:
    # the standard library writes IDs that are keys as texts, and texts that have no UTF-8 form
    return web.Response(body=json.dumps(content).encode(), status=status, content_type="application/json")
