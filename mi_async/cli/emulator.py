"""``emulator``: the built-in service as a process of its own.

Invariant: stdout carries the shell lines with which other commands find it; anything else goes to stderr.
"""

import ipaddress
import os
import shlex
from contextlib import AsyncExitStack, nullcontext
from typing import Annotated, TypeAlias

from attrs import evolve
from cyclopts import Parameter
from cyclopts.validators import Number

from mi_async._core.clock import Clock
from mi_async.api import operations
from mi_async.api.workspaces import NAME
from mi_async.cli import event_loop
from mi_async.cli.connection import Verbosity, log_to_stderr
from mi_async.cli.emulator_storage import BUCKET, local_storage, looking_at
from mi_async.cli.streams import stderr, stdout
from mi_async.emulator import CREDENTIALS, Faults, Latency, Mixture, Rejection, Server, Settings, serve
from mi_async.errors import ConfigError
from mi_async.storage.models import Storage

Positive = Parameter(validator=Number(gt=0))
Share: TypeAlias = Annotated[float, Parameter(validator=Number(gte=0, lte=1))]


def _allowed(_: object, names: tuple[str, ...]) -> None:
    for name in names:
        if (fault := NAME.fault(name)) is not None:
            message = f"needs {NAME.text}; it {fault}"
            raise ValueError(message)


def emulator(
    *,
    host: str = "127.0.0.1",
    port: Annotated[int, Parameter(validator=Number(gte=0, lte=65_535))] = 8080,
    seed: int = 0,
    speed: Annotated[float, Positive] = 1.0,
    latency_median: Annotated[float | None, Positive] = None,
    latency_p95: Annotated[float | None, Positive] = None,
    unfinished: Share = 0.0,
    jitter: Annotated[float, Parameter(validator=Number(gte=0))] = 0.0,
    faults: Share = 0.0,
    refuse: tuple[str, ...] = (),
    register_strangers: bool = True,
    detect_faces: bool = True,
    keep_bytes: bool = True,
    workspace: Annotated[tuple[str, ...], Parameter(validator=_allowed)] = ("newsroom",),
    public_url: str | None = None,
    cors: tuple[str, ...] = (),
    storage_url: str | None = None,
    with_storage: Annotated[bool, Parameter(negative=())] = False,
    verbose: Verbosity = 0,
) -> None:
    """Run the emulator until Ctrl-C; it prints the export lines with which other commands find it.

    Args:
        host: Where to listen; the default is reachable from this machine only.
        port: 0 for any free one.
        seed: Of everything random.
        speed: Seconds of quotas, processing and expiry that pass in a real second.
        latency_median: Seconds that half of the uploads take at most to be processed.
        latency_p95: Seconds that 95 % of them take at most.
        unfinished: Share of the uploads that are never processed, from 0 to 1.
        jitter: Seconds that a request spends on its way at most, and as much for its answer.
        faults: Share of the requests that go wrong, from 0 to 1, spread over every kind of fault.
        refuse: Operation whose next request is refused, and with which code: persons.create=10069; may be repeated.
        register_strangers: Whether an analysis registers unknown faces as persons without a name.
        detect_faces: Whether images of a single colour are refused where a person gets them; others count as faces.
        keep_bytes: Whether pictures are kept and served; without, many take little memory.
        workspace: Workspace that exists from the start; may be given several times.
        public_url: Base of all its URLs, if clients reach the emulator by another address than their requests name.
        cors: Origin whose pages may upload, such as https://example.com, or *; may be given several times.
        storage_url: An S3 server whose objects are those that can be imported; without it any object exists.
        with_storage: Start such a server, too, with a bucket that the workspaces are linked to.
    """
    log_to_stderr(verbose)
    settings = Settings(
        seed=seed,
        workspaces=workspace,
        random_faults=Faults.uniform(faults) if faults else {},
        jitter=jitter,
        refusals=tuple(map(_refusal, refuse)),
        register_strangers=register_strangers,
        detect_faces=detect_faces,
        keep_bytes=keep_bytes,
        public_url=public_url,
        cors=cors,
    )
    latency = _latency(latency_median, latency_p95) or settings.latency
    if unfinished:
        latency = Mixture(((1.0 - unfinished, latency), (unfinished, Latency.never())))
    settings = evolve(settings, latency=latency)
    if with_storage and storage_url is not None:
        message = "give --with-storage or --storage-url, not both"
        raise ConfigError(message)
    with local_storage() if with_storage else nullcontext(None if storage_url is None else Storage(storage_url)) as at:
        event_loop.run(_emulate(host, port, settings, Clock(speed), at, BUCKET if with_storage else None))


def _refusal(text: str) -> tuple[str, Rejection]:
    """Read ``operation=code``."""
    place, _, code = text.partition("=")
    if place not in {operation.id for operation in operations()} or not code.isascii() or not code.isdigit():
        message = f"--refuse takes an operation and a documented code, such as persons.create=10069; got {text!r}"
        raise ConfigError(message)
    return place, Rejection(int(code))


def _latency(median: float | None, p95: float | None) -> Latency | None:
    if median is not None and p95 is not None:
        return Latency.lognormal(median=median, p95=p95)
    if median is not None or p95 is not None:
        message = "give both --latency-median and --latency-p95, or neither"
        raise ConfigError(message)
    return None


async def _emulate(  # noqa: PLR0917  what the command was told
    host: str, port: int, settings: Settings, clock: Clock, storage: Storage | None, bucket: str | None = None
) -> None:
    try:
        async with AsyncExitStack() as stack:
            if storage is not None:
                settings = evolve(settings, objects=await stack.enter_async_context(looking_at(storage, CREDENTIALS)))
            server = await stack.enter_async_context(serve(host, port, settings=settings, clock=clock))
            _warn_of(host)
            for workspace in server.state.workspaces.values():
                workspace.info = evolve(workspace.info, bucket_name=bucket)
            out = stdout()
            out.write(_exports(server, storage))
            out.flush()
            try:
                await server.serve_forever()
            finally:
                stderr().write(_summary(server))
    except OSError as error:
        message = f"cannot listen on {host}:{port}: {os.strerror(error.errno) if error.errno else error}"
        raise ConfigError(message) from error


def _warn_of(host: str) -> None:
    """Warn of an address that others reach too: the keys are in the documentation."""
    try:
        local = ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = host.lower() == "localhost"
    if not local:
        stderr().write(
            f"warning: with --host {host} other machines reach the emulator, and its keys are known to everyone; "
            "for uploads from there they must name it by an address that they reach, or set --public-url\n"
        )


def _exports(server: Server, storage: Storage | None = None) -> str:
    keys, workspaces = server.credentials, server.settings.workspaces
    url = server.settings.public_url or server.url
    variables = {
        "NCLOUD_ACCESS_KEY_ID": keys.access_key,
        "NCLOUD_SECRET_ACCESS_KEY": keys.secret_key,
        "MI_ASYNC_BASE_URL": url,
        "MI_ASYNC_WORKSPACE": workspaces[0],
        **({} if storage is None else {"MI_ASYNC_STORAGE_URL": storage.url}),
    }
    lines = [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    return "\n".join([f"# Media Intelligence, emulated at {url}; Ctrl-C ends it", *lines, ""])


def _summary(server: Server) -> str:
    log, faults = server.log, sum(server.faults.injected.values())
    requests, refused = sum(map(len, log.arrivals.values())), sum(log.throttled.values())
    persons, pictures = len(list(server.state.persons())), len(list(server.state.thumbnails()))
    return (
        f"\n{requests:,} requests, {refused:,} of them refused with 429, {faults:,} faults injected; "
        f"{persons:,} persons with {pictures:,} pictures\n"
    )
