"""``emulator``: the built-in service as a process of its own.

Invariant: stdout carries the shell lines with which other commands find it; anything else goes to stderr.
"""

import os
import re
import shlex
from contextlib import AsyncExitStack, nullcontext
from pathlib import Path
from typing import Annotated, TypeAlias

from attrs import evolve, frozen
from cyclopts import Parameter
from cyclopts.validators import Number

from mi_async._core.clock import Clock
from mi_async.api import operations
from mi_async.api.workspaces import NAME
from mi_async.cli import event_loop
from mi_async.cli.emulator_storage import BUCKET, local_storage, looking_at
from mi_async.cli.streams import stderr, stdout
from mi_async.cli.verbosity import Verbosity, log_to_stderr
from mi_async.emulator import CREDENTIALS, Control, Fault, Faults, Latency, Mixture, Rejection, Server, Settings, serve
from mi_async.emulator.access import is_loopback, page_url
from mi_async.emulator.faults import read_fault
from mi_async.errors import ConfigError
from mi_async.storage.models import Storage

Positive: Parameter = Parameter(validator=Number(gt=0))
FAILURE = re.compile(r"(?P<fault>[A-Za-z0-9_-]+?)(?:x(?P<times>[0-9]{1,9}))?", re.ASCII)
Share: TypeAlias = Annotated[float, Parameter(validator=Number(gte=0, lte=1))]


def _check_names(_: object, names: tuple[str, ...]) -> None:
    for name in names:
        if (fault := NAME.fault(name)) is not None:
            message = f"needs {NAME.text}; it {fault}"
            raise ValueError(message)


@Parameter(name="*")
@frozen(kw_only=True)
class EmulatorOptions:
    """Options of the emulator.

    Attributes:
        host: Address to listen at; the default is reachable from this machine only.
        port: 0 for any free one.
        seed: Seed of everything random.
        speed: Seconds of quotas, processing and expiry that pass in a real second.
        latency_median: Seconds within which half of the uploads are processed.
        latency_p95: Seconds within which 95 % of them are processed.
        unfinished: Share of the uploads that are never processed, from 0 to 1.
        jitter: Most seconds that a request spends on its way, and as much for its answer.
        faults: Share of the requests that go wrong, from 0 to 1, spread over every kind of fault.
        refuse: Operation whose next request is refused, and the code: persons.create=10069; may be repeated.
        fail: Operation or storage.put, and what goes wrong with its next requests: persons.create=99999x2 for a code,
            storage.put=drop-after for a kind of fault, *=unavailablex3 for whatever comes; may be repeated.
        control: Who may ask for faults, log, state and reset over /_emulator/.
        state: File in which it keeps what exists; the next run goes on with it.
        register_strangers: Register unknown faces of an analysis as persons without a name.
        detect_faces: Refuse plain images (one colour, a gradient) where a person gets them; others count as faces.
        keep_bytes: Keep and serve images; without, many take little memory.
        workspace: Workspace that exists from the start; may be given several times.
        public_url: Base of all its URLs, if clients reach the emulator by another address than their requests name.
        cors: Origin whose pages may upload, such as https://example.com, or *; may be given several times.
        storage_url: An S3 server whose objects are those that can be imported; without it any object exists.
        with_storage: Start such a server, too, with a bucket that the workspaces are linked to.
    """

    host: str = "127.0.0.1"
    port: Annotated[int, Parameter(validator=Number(gte=0, lte=65_535))] = 8080
    seed: int = 0
    speed: Annotated[float, Positive] = 1.0
    latency_median: Annotated[float | None, Positive] = None
    latency_p95: Annotated[float | None, Positive] = None
    unfinished: Share = 0.0
    jitter: Annotated[float, Parameter(validator=Number(gte=0))] = 0.0
    faults: Share = 0.0
    refuse: Annotated[tuple[str, ...], Parameter(show_default=False)] = ()
    fail: Annotated[tuple[str, ...], Parameter(show_default=False)] = ()
    control: Control = Control.LOOPBACK
    state: Path | None = None
    register_strangers: bool = True
    detect_faces: bool = True
    keep_bytes: bool = True
    workspace: Annotated[tuple[str, ...], Parameter(validator=_check_names)] = ("newsroom",)
    public_url: str | None = None
    cors: Annotated[tuple[str, ...], Parameter(show_default=False)] = ()
    storage_url: str | None = None
    with_storage: Annotated[bool, Parameter(negative=(), show_default=False)] = False

    def settings(self) -> Settings:
        """Return the settings of the server.

        Raises:
            ConfigError: options that do not go together, or an unknown code.
        """
        return Settings(
            seed=self.seed,
            workspaces=self.workspace,
            latency=self._latency(),
            random_faults=Faults.uniform(self.faults) if self.faults else {},
            jitter=self.jitter,
            refusals=tuple(map(_refusal, self.refuse)),
            faults=tuple(map(_failure, self.fail)),
            control=self.control,
            register_strangers=self.register_strangers,
            detect_faces=self.detect_faces,
            keep_bytes=self.keep_bytes,
            public_url=self.public_url,
            cors=self.cors,
        )

    def _latency(self) -> Latency | Mixture:
        latency = Settings().latency
        if self.latency_median is not None and self.latency_p95 is not None:
            latency = Latency.lognormal(median=self.latency_median, p95=self.latency_p95)
        elif self.latency_median is not None or self.latency_p95 is not None:
            message = "give both --latency-median and --latency-p95, or neither"
            raise ConfigError(message)
        if not self.unfinished:
            return latency
        return Mixture(((1.0 - self.unfinished, latency), (self.unfinished, Latency.never())))


DEFAULTS = EmulatorOptions()


def emulator(*, options: EmulatorOptions = DEFAULTS, verbose: Verbosity = 0) -> None:
    """Run the emulator until Ctrl-C; it prints the export lines with which other commands find it."""
    log_to_stderr(verbose)
    settings = options.settings()
    if options.with_storage and options.storage_url is not None:
        message = "give --with-storage or --storage-url, not both"
        raise ConfigError(message)
    storage = None if options.storage_url is None else Storage(options.storage_url)
    with local_storage() if options.with_storage else nullcontext(storage) as at:
        event_loop.run(_emulate(options, settings, at))


def _refusal(text: str) -> tuple[str, Rejection]:
    """Read ``operation=code``."""
    place, _, code = text.partition("=")
    if place not in {operation.id for operation in operations()} or not code.isascii() or not code.isdigit():
        message = f"--refuse takes an operation and a documented code, such as persons.create=10069; got {text!r}"
        raise ConfigError(message)
    return place, Rejection(int(code))


def _failure(text: str) -> tuple[str, Fault | Rejection, int]:
    """Read ``place=fault`` or ``place=faultxtimes``."""
    place, _, rest = text.partition("=")
    named = FAILURE.fullmatch(rest)
    if named is None:
        message = (
            f"--fail takes a place and a fault, such as persons.create=99999x2 or storage.put=drop-after; got {text!r}"
        )
        raise ConfigError(message)
    return place, read_fault(named["fault"]), int(named["times"] or 1)


async def _emulate(options: EmulatorOptions, settings: Settings, storage: Storage | None) -> None:
    try:
        async with AsyncExitStack() as stack:
            if storage is not None:
                settings = evolve(settings, objects=await stack.enter_async_context(looking_at(storage, CREDENTIALS)))
            serving = serve(
                options.host,
                options.port,
                settings=settings,
                clock=Clock(options.speed),
                state_file=options.state,
            )
            server = await stack.enter_async_context(serving)
            stderr().write(host_warning(options.host))
            if options.with_storage:
                for workspace in server.state.workspaces.values():
                    workspace.info = evolve(workspace.info, bucket_name=BUCKET)
            out = stdout()
            out.write(export_lines(server, storage))
            out.flush()
            try:
                await server.serve_forever()
            finally:
                stderr().write(_summary(server))
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else error
        message = f"cannot listen on {options.host}:{options.port}: {reason}"
        raise ConfigError(message) from error


def host_warning(host: str) -> str:
    """Return a warning of an address that others reach, too, since the keys are in the documentation; else ''."""
    if is_loopback(host):
        return ""
    return (
        f"warning: with --host {host} other machines reach the emulator, and its keys are known to everyone; "
        "for uploads from there they must name it by an address that they reach, or set --public-url\n"
    )


def export_lines(server: Server, storage: Storage | None = None) -> str:
    """Return the shell lines with which other commands find the emulator."""
    url = server.settings.public_url or server.url
    variables = {
        **server.environment,
        **({} if storage is None else {"MI_ASYNC_STORAGE_URL": storage.url}),
    }
    lines = [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    page = page_url(server.host, server.url, server.settings)
    look = [] if page is None else [f"# Look at it in a browser: {page}"]
    return "\n".join([f"# Media Intelligence, emulated at {url}; Ctrl-C ends it", *lines, *look, ""])


def _summary(server: Server) -> str:
    log, faults = server.log, sum(server.faults.injected.values())
    requests, refused = sum(map(len, log.arrivals.values())), sum(log.throttled.values())
    persons, images = len(list(server.state.persons())), len(list(server.state.thumbnails()))
    return (
        f"\n{requests:,} requests, {refused:,} of them refused with 429, {faults:,} faults injected; "
        f"{persons:,} persons with {images:,} images\n"
    )
