"""Members of a shared run on Dask: on a scheduler that is there, or in processes of this machine.

Invariant: Dask starts processes, and starts them again when one dies; the journal gives out the work. Nothing is read
from what Dask returns but how a member ended: it loses that with a worker.
"""

import asyncio
import logging
import signal
import uuid
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from multiprocessing import resource_tracker
from typing import Any

from attrs import define, frozen

from mi_async._core.extras import require
from mi_async.bulk.journal.sharing import TAKEN_OVER
from mi_async.errors import InvalidArgumentError, MIError
from mi_async.fleet import Member, MemberReport

SCHEME, LOCAL = "dask://", "local:"
PACKAGE = "mi_async"
RETRIES = 5
"""Times that a member is started again that was taken over, or met an error that is none of ours."""
LOCAL_CLUSTER: Mapping[str, Any] = {
    "threads_per_worker": 1,  # each member has a process of its own
    "processes": True,
    "dashboard_address": ":0",  # any free port: that of another cluster may be taken
    "preload": [__name__],  # has each worker call dask_setup()
    "silence_logs": logging.CRITICAL,  # a failure comes as a value, and a restart is in the journal
}
"""Processes of this machine."""
ASKED = 1.0
"""Seconds between two looks of a member at whether it is to stop."""


TERMINAL = frozenset(getattr(signal, name) for name in ("SIGINT", "SIGHUP") if hasattr(signal, name))
"""Signals of the terminal, which reach workers of this machine too; Windows has no SIGHUP."""


def dask_setup(_worker: object) -> None:
    """Leave Ctrl-C and a closed terminal to the command that started the workers."""
    for number in TERMINAL:
        signal.signal(number, signal.SIG_IGN)
    _mask(block=False)


def _mask(*, block: bool) -> None:
    """Block the signals of the terminal in this thread, and in threads and processes that it starts; or let them in."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK if block else signal.SIG_UNBLOCK, TERMINAL)


@frozen
class DaskPlace:
    """The place where members run.

    Attributes:
        address: of the scheduler, as Dask has it; '' for processes of this machine.
        members: processes, 0 for one on each worker.
    """

    address: str
    members: int

    @classmethod
    def parse(cls, text: str, members: int | None = None) -> "DaskPlace":
        """Read ``local:4``, or ``dask://host:8786`` with a number of members.

        Raises:
            InvalidArgumentError: it is neither.
        """
        number = text.removeprefix(LOCAL)
        if text.startswith(LOCAL) and number.isascii() and number.isdigit() and int(number) > 0:
            if members not in {None, int(number)}:
                message = f"{text} names the number of members already; leave out {members}"
                raise InvalidArgumentError(message)
            return cls("", int(number))
        if text.startswith(SCHEME) and text != SCHEME:
            return cls(f"tcp://{text.removeprefix(SCHEME)}", members or 0)
        message = f"members run on local:N (processes of this machine) or dask://host:port, got {text!r}"
        raise InvalidArgumentError(message)


@frozen
class FailedMember:
    """End of a member that being started again would not help: a value, since Dask tries again what raises.

    Attributes:
        message: of the error.
    """

    message: str


@frozen
class DaskMember:
    """A member as a task of Dask, which can be told to stop from outside.

    Attributes:
        member: the member.
        event: name of the event that is set when it is to stop.
    """

    member: Member
    event: str

    def __call__(self, _number: int = 0) -> MemberReport | FailedMember:
        """Work until nothing is left, or until it is to stop."""
        from distributed import Event  # noqa: PLC0415  an extra

        return asyncio.run(self._run(Event(self.event)))

    async def _run(self, event: Any) -> MemberReport | FailedMember:
        stop, ended = asyncio.Event(), asyncio.Event()
        watching = asyncio.create_task(_watch(event, stop, ended))
        try:
            return await self._joined(stop)
        finally:
            ended.set()
            await watching

    async def _joined(self, stop: asyncio.Event) -> MemberReport | FailedMember:
        """Work; join again after standing still, when others have taken over."""
        message = ""
        for _ in range(1 + RETRIES):
            try:
                return await self.member.run(stop)
            except MIError as error:
                message = str(error)
                if TAKEN_OVER not in message:
                    break
        return FailedMember(message)


async def _watch(event: Any, stop: asyncio.Event, ended: asyncio.Event) -> None:
    """Set ``stop`` when the event of Dask is set, until ``ended`` is."""
    while not ended.is_set():
        if await asyncio.to_thread(event.is_set):
            stop.set()
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), ASKED)


@define(eq=False)
class RunningMembers:
    """Members that were started.

    Attributes:
        number: of them.
    """

    _event: Any
    _futures: Sequence[Any]

    @property
    def number(self) -> int:
        """Number of members."""
        return len(self._futures)

    async def stop(self) -> None:
        """Stop all of them: they take nothing more, and what is in flight may end within their grace time."""
        await self._event.set()

    async def ended(self) -> list[str]:
        """Wait for the end of all; return why some failed."""
        failures: list[str] = []
        for future in self._futures:
            try:
                found: MemberReport | FailedMember = await future.result()
            except Exception as error:  # noqa: BLE001  the others go on, and the journal tells the rest
                failures.append(str(error) or type(error).__name__)
            else:
                if isinstance(found, FailedMember):
                    failures.append(found.message)
        return failures


@asynccontextmanager
async def running_members(member: Member, place: DaskPlace) -> AsyncGenerator[RunningMembers]:
    """Start members; processes of this machine end with the block, those of a scheduler stay as they are.

    Raises:
        ConfigError: the extra ``dask`` is not installed.
        OSError: there is no such scheduler.
    """
    require("dask")
    from distributed import Client, Event  # noqa: PLC0415  an extra

    async with AsyncExitStack() as stack:
        where = place.address or await stack.enter_async_context(_local_cluster(place.members))
        client: Any = await stack.enter_async_context(Client(where, asynchronous=True, set_as_default=False))
        if not place.address:  # on a scheduler the workers have logs of their own
            await client.forward_logging(PACKAGE)  # through the display of this process, and not over it
            await client.forward_logging("psycopg", logging.ERROR)  # it warns of each connection that dies
        number = place.members or len(await client.nthreads()) or 1
        task = DaskMember(member, f"mi-async-stop-{uuid.uuid4().hex}")
        futures = client.map(task, range(number), pure=False, retries=RETRIES, key=f"mi-async-{uuid.uuid4().hex}")
        yield RunningMembers(Event(task.event, client=client), futures)


@asynccontextmanager
async def _local_cluster(workers: int) -> AsyncGenerator[str]:
    """Start processes of this machine, and yield the address of their scheduler; they end with the block.

    A thread of its own starts them, with the signals of the terminal blocked: a process inherits that, so Ctrl-C while
    it still imports prints no traceback of it, and this process hears Ctrl-C at once.
    """
    starting = asyncio.create_task(asyncio.to_thread(_started_cluster, workers))
    try:
        yield (await asyncio.shield(starting)).scheduler_address
    finally:
        await asyncio.to_thread((await starting).close)


def _started_cluster(workers: int) -> Any:
    from distributed import LocalCluster  # noqa: PLC0415  an extra

    resource_tracker.ensure_running()  # it would be started with the first worker, and let the signals in again
    _mask(block=True)
    try:
        return LocalCluster(**LOCAL_CLUSTER, n_workers=workers)
    finally:
        _mask(block=False)  # the thread goes back to the pool
