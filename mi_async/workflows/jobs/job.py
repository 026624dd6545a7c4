"""Handles of jobs at the service: await, refresh, cancel, keep as a string and resume in another process.

Invariant: a handle starts nothing and stops nothing but by ``cancel``; ending a wait leaves the job as it is.
"""

import asyncio
import logging
import math
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, suppress
from typing import Any, Generic, NoReturn, Self, TypeVar, cast

from attrs import define, field

from mi_async import notebook
from mi_async._core.live_object import refuse_pickling
from mi_async.errors import ConflictError, InvalidArgumentError, MIError
from mi_async.models import OpenEnum
from mi_async.text import one_line
from mi_async.workflows.context import Context, refuse_async
from mi_async.workflows.jobs.durations import LastLook
from mi_async.workflows.jobs.kinds import Ids, JobKind, JobPhase, JobStatus
from mi_async.workflows.jobs.polled_job import JobAnswer, Question
from mi_async.workflows.jobs.timeouts import wait_timeout
from mi_async.workflows.jobs.tokens import Token

T = TypeVar("T")

_log = logging.getLogger(__name__)

SHOWN = 60
"""Characters of a state that a message shows."""
SETTLING = 30.0
"""Seconds after our own request for which the service may not have heard of the job yet."""


@define(eq=False, repr=False)
class Job(Generic[T]):
    """A job at the service: the import of an asset, an analysis, a scene summary or a search.

    ``result = await job`` waits for its end. The handle keeps what it ended with, and asks again after a failure of
    asking; ``session.job(str(job))`` makes a new one, in this process or another.

    Attributes:
        state: the service's word as last seen; None before the first look. The service tells no percentage.
        phase: what the state means; None before the first look.
        reason: the service's text about a failure, where it has one.
    """

    _kind: JobKind[T]
    _context: Context
    _ids: Ids
    _begun: float | None = None  # when we asked for it, on the clock
    _size: int | None = None  # bytes of what it works on
    _since: float | None = field(init=False, default=None)  # when a wait began to count its age
    _looked: float | None = field(init=False, default=None)
    state: OpenEnum | None = field(init=False, default=None)
    phase: JobPhase | None = field(init=False, default=None)
    reason: str | None = field(init=False, default=None)
    _ended: bool = field(init=False, default=False)
    _result: T | None = field(init=False, default=None)
    _error: MIError | None = field(init=False, default=None)
    _missed: BaseException | None = field(init=False, default=None)  # ended a wait unseen: for the next to raise
    _trouble: MIError | None = field(init=False, default=None)  # why the last question had no answer
    _completed: JobStatus | None = field(init=False, default=None)  # seen just now, for the next question to take

    @property
    def kind(self) -> str:
        """``import``, ``index``, ``summary`` or ``search``."""
        return self._kind.name

    @property
    def id(self) -> str:
        """The job as a string without secrets, for ``session.job(...)``: kind, workspace and numbers."""
        return str(Token(self._kind, self._context.groups.name, self._ids))

    @property
    def ended(self) -> bool:
        """True once a wait has seen the end; ``await job`` then returns, or raises, at once."""
        return self._ended

    @property
    def is_cancellable(self) -> bool:
        """True if the service has a call that cancels such a job."""
        return self._kind.cancel is not None

    @property
    def timeout(self) -> float:
        """Seconds after which a wait ends by default."""
        return self._kind.polling.timeout

    def __str__(self) -> str:
        """``id``."""
        return self.id

    def __repr__(self) -> str:
        """Name the job and its state."""
        return f"Job({self.id!r}{'' if self.state is None else f', {self.state}'})"

    def _repr_html_(self) -> str:
        """Show itself in a notebook."""
        return notebook.show(
            {"job": self.id, "state": self.state, "phase": self.phase, "reason": self.reason}, caption="Job"
        )

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled or copied."""
        refuse_pickling(self, "send str(job), and session.job(...) makes a handle of it there")

    def __await__(self) -> Generator[Any, None, T]:
        """Wait as ``wait()`` does."""
        return self.wait().__await__()

    async def wait(self, *, timeout: float | None = None, progress: "JobProgress | None" = None) -> T:  # noqa: ASYNC109  as long as a caller likes
        """Wait for the end of the job and return its result; cancelling the wait leaves the job running.

        Args:
            timeout: seconds; by default an hour for an import, 12 hours for an analysis, 6 for a scene summary and
                5 minutes for a search. ``math.inf`` waits for ever.
            progress: a plain function, called with the job whenever its state is another.

        Returns:
            The asset, the index, the scene summary, or the first 100 results of the search.

        Raises:
            ImportFailedError, AnalysisFailedError, SearchFailedError: the job failed, or was cancelled by somebody.
            JobTimeoutError: it takes longer; it goes on at the service. Its cause is how the last question failed, if
                it did.
            JobStateError: the job was never requested.
            MIError: asking is of no use now: the asset is gone, the keys may not see it, the session was closed. That
                is not the end of the job: the next wait asks again.
        """
        limit = self._limit(timeout)
        if not self._ended:
            self._raise_missed()
            with self._workflow() as result:
                with self._watching(progress) as answer:
                    await asyncio.wait((answer,), timeout=limit)
                    if not answer.done():
                        seconds = self.timeout if timeout is None else timeout
                        raise wait_timeout(self, seconds, self._trouble) from self._trouble
                    self._keep(answer.result())
                result.update(self._told)
                return self._outcome()
        return self._outcome()

    async def refresh(self) -> OpenEnum:
        """Look once, and return the state."""
        return self._saw(await self._look()).state

    async def _look_before_wait(self) -> JobPhase:
        """Look once, and return the phase; the wait that follows does not ask again whether the job is over."""
        seen = self._saw(await self._look())
        self._completed = seen if seen.phase is JobPhase.COMPLETED else None
        return seen.phase

    async def cancel(self) -> None:
        """Cancel the job at the service, where it has a call for that: an analysis or a scene summary.

        Whoever waits for the job gets AnalysisFailedError.

        Raises:
            InvalidArgumentError: imports and searches cannot be cancelled.
            ConflictError: it is over, or was never asked for.
        """
        if self._kind.cancel is None:
            message = f"{self}: the service has no call that cancels one"
            raise InvalidArgumentError(message)
        try:
            await self._kind.cancel(self._context.groups, *self._ids)
        except MIError as error:
            if not may_have_acted(error):
                raise
            with suppress(MIError):
                await self.refresh()
            if self.phase is not JobPhase.CANCELLED:
                raise
        self._context.poller.hurry(self._kind.pace, self.id)

    async def _look(self) -> JobStatus:
        """Ask once; a state that this version does not know is logged once in a session, and waited out."""
        seen = await self._kind.look(self._context.groups, self._ids)
        word = one_line(str(seen.state))[:SHOWN]
        if seen.phase is JobPhase.UNKNOWN and self._context.poller.is_news(f"{self._kind.name} {word}"):
            text = "%s: the %s has the state %s, which this version does not know; it is taken for one that goes on"
            _log.warning(text, self, self._kind.noun, word)
        return seen

    async def _ask(self) -> JobAnswer:
        """One question of the poller."""
        known, self._completed = self._completed, None
        seen = await self._look() if known is None else known
        age = self._age()
        unheard = seen.phase is JobPhase.ABSENT and age is not None and age < SETTLING
        if seen.phase.is_active or unheard:
            return JobAnswer(seen, waiting=seen.phase.is_before_run)
        if seen.phase is not JobPhase.COMPLETED:
            return JobAnswer(seen, ended=True)
        if self._kind.result is None:
            return JobAnswer(seen, ended=True, result=seen.answer)
        result = await self._kind.result(self._context.groups, *self._ids)
        return JobAnswer(seen, ended=True, result=result, calls=2 if known is None else 1)

    def _age(self) -> float | None:
        return None if self._begun is None else self._context.clock.monotonic() - self._begun

    def _limit(self, timeout: float | None) -> float | None:
        """Real seconds; None for no limit."""
        seconds = self.timeout if timeout is None else timeout
        if not seconds >= 0:
            message = f"timeout is a number of seconds from 0, not {timeout!r}"
            raise InvalidArgumentError(message)
        return None if seconds == math.inf else self._context.clock.real(seconds)

    def _workflow(self) -> AbstractContextManager[dict[str, Any]]:
        """Return a watch over a wait for the job, for hooks."""
        return self._context.workflow("job", job=self.id, kind=self.kind)

    @property
    def _told(self) -> dict[str, str]:
        """What hooks are told of the end of a wait."""
        return {"state": str(self.state), "phase": str(self.phase)}

    def _watching(self, progress: "JobProgress | None") -> AbstractContextManager[asyncio.Future[JobAnswer]]:
        refuse_async(progress)
        told: list[OpenEnum] = []

        def tell(seen: JobStatus) -> None:
            self._saw(seen)
            if progress is not None and told != [seen.state]:
                told[:] = [seen.state]
                progress(self)

        return self._context.poller.watching(self._question(), tell, self._stumble)

    def _question(self) -> Question:
        """Return the question for the poller; its intervals go on where an earlier wait broke off."""
        now, kind, poller = self._context.clock.monotonic(), self._kind, self._context.poller
        if self._since is None:
            self._since = now if self._begun is None else self._begun
        due, seen = now, None  # nothing is known of one that was picked up; one that is over has a result to fetch
        if self._looked is not None and self.phase is not None and self.phase.is_active:
            due = self._looked + kind.polling.delay(self._looked - self._since)
            seen = LastLook.resumed(self._looked, self._begun, waiting=self.phase.is_before_run)
        elif self._looked is None and self._begun is not None:
            due, seen = self._begun + kind.polling.first, LastLook(self._begun, self._begun)
        durations = poller.durations(kind.name)
        return Question(self.id, kind.pace, kind.polling, self._ask, self._since, due, seen, self._size, durations)

    def _saw(self, seen: JobStatus) -> JobStatus:
        self.state, self.phase, self.reason = seen.state, seen.phase, seen.reason
        self._looked, self._trouble = self._context.clock.monotonic(), None
        return seen

    def _stumble(self, error: MIError) -> None:
        self._trouble = error

    def _keep(self, end: JobAnswer) -> None:
        """Keep the end; a failure of asking, or of the caller's own progress function, is none."""
        self._error = self._kind.failed(self.id, end.seen)
        self._result, self._ended = end.result, True

    def _settle(self, answer: asyncio.Future[JobAnswer]) -> None:
        """Keep what ended a wait that has no waiter; a failure of asking until one comes."""
        self._missed = answer.exception()
        if self._missed is None:
            self._keep(answer.result())

    def _raise_missed(self) -> None:
        missed, self._missed = self._missed, None
        if missed is not None:
            raise missed

    def _outcome(self) -> T:
        if self._error is not None:
            raise self._error.with_traceback(None)
        return cast("T", self._result)

    @classmethod
    def of(cls, kind: JobKind[T], context: Context, ids: Ids, *, fresh: bool, size: int | None = None) -> Self:
        """Make a handle.

        Args:
            kind: of the job.
            context: the workspace.
            ids: what names the job there.
            fresh: whether we asked for it just now: then the first look is not at once, and that the service has
                not heard of the job yet is believed for half a minute.
            size: bytes of what it works on, where they are known: jobs of a size tend to take as long.
        """
        return cls(kind, context, ids, context.clock.monotonic() if fresh else None, size)


JobProgress = Callable[[Job[Any]], None]
"""Called with a job whenever its state is another; an exception in it ends the wait."""


def may_have_acted(error: MIError) -> bool:
    """Return True if a request that failed may have had its effect all the same."""
    return error.ambiguous or (isinstance(error, ConflictError) and error.possibly_created)
