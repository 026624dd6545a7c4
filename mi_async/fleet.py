"""Members of a shared run: one picklable callable that works with others until nothing is left.

Whatever starts processes can start it: Dask, Ray, Celery, a Kubernetes Job, Slurm, systemd. Any of them may start it
twice, start it again, or lose what it returns: the journal gives out the work, and is what the report is read from.

Invariant: a member holds names and URLs, and no secret; keys and passwords are found where it runs.
"""

import asyncio
import inspect
import os
import platform
import signal
import threading
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Literal, TypeAlias, get_args

from attrs import field, frozen

from mi_async._core.proxies import environment_proxies
from mi_async._core.transport import Timeout
from mi_async._core.url_secrets import check_no_secret, filled
from mi_async.bulk.engine.outcome import Status
from mi_async.bulk.journal.place import JournalUrl, parsed
from mi_async.bulk.run import BulkRun
from mi_async.errors import BulkError, ConfigError, InvalidArgumentError
from mi_async.session import Session
from mi_async.session_opening import connect
from mi_async.settings import BASE_URL
from mi_async.storage.models import SCHEME
from mi_async.storage.regions import storage_at
from mi_async.workspace import Workspace

FleetOperation: TypeAlias = Literal["enroll_many", "upload_thumbnails", "ingest_many"]
READER_OPTIONS: Mapping[str, frozenset[str]] = {
    "enroll_many": frozenset({"encoding", "folder"}),
    "upload_thumbnails": frozenset({"encoding", "folder"}),
    "ingest_many": frozenset(),
}
"""Options of the readers, by the operation that goes with each."""
NOT_OPTIONS = frozenset({"self", "people", "items", "assets", "journal", "total"})
"""Parameters of the operations that a member fills in, or that mean nothing for it."""
TERMINATED = 128 + signal.SIGTERM
"""Exit status of a process that SIGTERM has ended, as shells have it: whoever started it must not take it for done."""


@frozen
class MemberReport:
    """Report of one member: its own part. The whole is ``mi_async.bulk.report_of(journal)``.

    Attributes:
        run: number of its run in the journal.
        host: name of the machine.
        pid: number of the process.
        counts: items that it has brought to their end, by status.
        pictures: images that the service has taken over from it.
        seconds: duration.
        ending: '' when nothing of the whole input was left, else the reason.
    """

    run: int
    host: str
    pid: int
    counts: Mapping[str, int]
    pictures: int
    seconds: float
    ending: str = ""


def _no_secret(_: object, attribute: Any, url: Any) -> None:
    if url is not None:
        check_no_secret(attribute.name, url)


def _source(value: Any) -> Any:
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
    if not isinstance(value, str) and not callable(value):
        message = f"source is a path, s3://bucket/prefix, or a function without arguments, got {type(value).__name__}"
        raise InvalidArgumentError(message)
    return value


@frozen
class Member:
    """A member of a shared run; get one from :func:`member`. Call it, with any arguments, in any number of processes.

    A call works until nothing of the input is left to anybody, and returns a :class:`MemberReport`. It raises what a
    bulk run raises; called again it joins again. SIGTERM in a main thread makes it leave: what is in flight may end
    within ``grace``, others take the rest at once, and the process ends with status 143.

    Attributes:
        workspace: name of the workspace.
        operation: name of the method of the workspace.
        source: path or ``s3://bucket/prefix``, the same on every machine; or a function without arguments.
        journal: URL of the journal.
        quota_store: URL of the store that keeps the quotas for all of them.
        profile: of ``~/.ncloud/configure`` where it runs; None for the NCLOUD_* variables, and the default profile.
        base_url: of the service, or of an emulator.
        storage_url: of Object Storage; None for that of the service.
        options: further ones of the operation and of ``connect``, by name.
    """

    workspace: str
    operation: FleetOperation
    source: Any = field(converter=_source)
    journal: str = field(validator=_no_secret)
    quota_store: str | None = field(validator=_no_secret)
    profile: str | None = None
    base_url: str = BASE_URL
    storage_url: str | None = None
    options: Mapping[str, Any] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        """Refuse what no member could do: better here than on eight machines."""
        if self.operation not in get_args(FleetOperation):
            message = f"operation is one of {', '.join(get_args(FleetOperation))}, got {self.operation!r}"
            raise InvalidArgumentError(message)
        if not isinstance(parsed(self.journal), JournalUrl):
            message = "journal: members share postgresql://user@host/database#name; a file is of one process"
            raise ConfigError(message)
        allowed = set(inspect.signature(getattr(Workspace, self.operation)).parameters) - NOT_OPTIONS
        allowed |= READER_OPTIONS[self.operation] | CONNECT_OPTIONS
        if unknown := sorted(self.options.keys() - allowed):
            message = f"{', '.join(unknown)}: no option of {self.operation}; there are {', '.join(sorted(allowed))}"
            raise InvalidArgumentError(message)

    def __call__(self, *_args: object, **_more: object) -> MemberReport:
        """Work until nothing is left; blocks. Arguments are ignored, so that it can be mapped over anything."""
        with suppress(RuntimeError):
            asyncio.get_running_loop()
            message = "a member blocks until its work has ended; in a running event loop: await member.run()"
            raise BulkError(message)
        with _terminable() as received:
            try:
                return asyncio.run(received.watched(self.run()))
            except asyncio.CancelledError:
                if received.count:
                    raise SystemExit(TERMINATED) from None
                raise

    async def run(self, stop: asyncio.Event | None = None) -> MemberReport:
        """Do the same in a running event loop; cancelling it leaves the run to the others.

        Args:
            stop: once it is set nothing more is taken; what is in flight may end within the grace time.
        """
        async with self._session() as session:
            run = self._run(session.workspace(self.workspace))
            stopping = asyncio.create_task(_stop(run, stop))
            try:
                report = await run
            finally:
                stopping.cancel()
        mine = run.progress
        return MemberReport(
            run=run.number,
            host=platform.node(),
            pid=os.getpid(),
            counts={status.value: number for status in Status if (number := mine.counts.get(status))},
            pictures=mine.pictures,
            seconds=round(mine.elapsed, 3),
            ending=report.ending,
        )

    @asynccontextmanager
    async def _session(self) -> AsyncGenerator[Session]:
        given: dict[str, Any] = {name: value for name, value in self.options.items() if name in CONNECT_OPTIONS}
        if "timeout" in given and not isinstance(given["timeout"], Timeout):
            given["timeout"] = Timeout(total=given["timeout"])
        if self.quota_store is not None:
            given["quota_store"] = filled(self.quota_store)
        storage = None if self.storage_url is None else storage_at(self.storage_url)
        proxy = environment_proxies(os.environ)  # a member is the program: nobody else could say it where it runs
        async with connect(
            base_url=self.base_url, profile=self.profile, proxy=proxy, storage=storage, **given
        ) as session:
            yield session

    def _run(self, workspace: Workspace) -> BulkRun:
        options = {name: value for name, value in self.options.items() if name not in CONNECT_OPTIONS}
        reading = {name: options.pop(name) for name in READER_OPTIONS[self.operation] if name in options}
        items = self.source if callable(self.source) else _read(workspace, self.operation, self.source, reading)
        run: BulkRun = getattr(workspace, self.operation)(items, journal=filled(self.journal), **options)
        return run


CONNECT_OPTIONS = frozenset({"timeout", "validate", "ca_file", "quotas", "quota_share", "clock"})
"""Options of ``connect`` that a member passes on; a number of seconds for ``timeout`` is that of each call."""


def member(
    workspace: str,
    operation: FleetOperation,
    source: str | os.PathLike[str] | Callable[[], Any],
    *,
    journal: str,
    quota_store: str | None,
    profile: str | None = None,
    base_url: str = BASE_URL,
    storage_url: str | None = None,
    **options: Any,
) -> Member:
    """Return a member of a shared run, to be started any number of times on any number of machines.

    ``client.map(member, range(8), pure=False, retries=5)`` with Dask, ``ray.remote(member)``, a Celery task, a pod::

        member = mi_async.fleet.member(
            "newsroom", "enroll_many", "/mnt/faces/people.parquet",
            journal="postgresql://db/media#faces", quota_store="redis://cache:6379/0",
        )

    It is small, and holds no secret: keys are found where it runs, as ``connect()`` finds them, and so are PGPASSWORD
    and ``.pgpass``. A URL that needs a password names a variable in its place: ``redis://:${REDIS_PASSWORD}@cache``.

    Args:
        workspace: name of the workspace.
        operation: ``enroll_many``, ``upload_thumbnails`` or ``ingest_many``.
        source: the input: a path that is the same on every machine, for media files also ``s3://bucket/prefix``, or a
            function without arguments that makes the items.
        journal: ``postgresql://user@host/database#name``.
        quota_store: ``redis://host:port/0``. None only if each has quotas of its own: then they share no quota.
        profile: look for the keys in this profile where it runs, and nowhere else.
        base_url: of the service, or of an emulator.
        storage_url: of Object Storage.
        options: those of the operation (``fit``, ``project``, ``shards`` ...), of the reader (``encoding``,
            ``folder``), and of ``connect`` (``timeout``, ``validate``, ``ca_file``, ``quotas``, ``quota_share``).

    Raises:
        ConfigError: a URL holds a password, or the journal cannot be shared.
        InvalidArgumentError: an unknown operation or option, or a source that can be gone through only once.
    """
    return Member(
        workspace,
        operation,
        source,
        journal,
        quota_store,
        profile=profile,
        base_url=base_url,
        storage_url=storage_url,
        options=options,
    )


def _read(workspace: Workspace, operation: str, source: str, options: Mapping[str, Any]) -> Any:
    """Return the reading of a source."""
    from mi_async.bulk import read_assets, read_people, read_thumbnails  # noqa: PLC0415  only where it runs

    if operation == "ingest_many":
        return workspace.stored_assets(source) if source.startswith(SCHEME) else read_assets(source)
    return (read_people if operation == "enroll_many" else read_thumbnails)(source, **options)


async def _stop(run: BulkRun, stop: asyncio.Event | None) -> None:
    """Stop a run when an event is set."""
    if stop is not None:
        await stop.wait()
        run.stop()


class _Terminations:
    """SIGTERM, as the cancellation of what runs."""

    def __init__(self) -> None:
        self.count = 0
        self._cancel: Callable[[], object] = lambda: None

    def receive(self, *_: object) -> None:
        """Take a signal."""
        self.count += 1
        self._cancel()

    async def watched(self, work: Any) -> MemberReport:
        """Run a coroutine, which each signal cancels."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        if task is not None:
            self._cancel = lambda: loop.call_soon_threadsafe(task.cancel)
        if self.count:
            self._cancel()
        try:
            report: MemberReport = await work
        finally:
            self._cancel = lambda: None
        return report


@contextmanager
def _terminable() -> Generator[_Terminations]:
    """Handle SIGTERM until the block ends; in another thread than the main one nothing is received."""
    received = _Terminations()
    if threading.current_thread() is not threading.main_thread():
        yield received
        return
    before = signal.signal(signal.SIGTERM, received.receive)
    try:
        yield received
    finally:
        # None: a handler that was not set by Python, and cannot be
        signal.signal(signal.SIGTERM, signal.SIG_DFL if before is None else before)
