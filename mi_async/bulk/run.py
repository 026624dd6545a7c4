"""A bulk run as its user has it: an async iterator of outcomes, and a report at the end.

Law: starts nothing before it is iterated over; however it ends, nothing of it is left running and the journal is exact.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Sequence, Sized
from contextlib import AsyncExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

from attrs import define, evolve, field

from mi_async.bulk.items import Input, PersonInput, ThumbnailUpload
from mi_async.bulk.options import Options
from mi_async.bulk.outcome import Outcome
from mi_async.bulk.progress import BulkProgress
from mi_async.bulk.report import BulkReport
from mi_async.errors import BulkError, MIError
from mi_async.workflows.context import Context
from mi_async.workflows.ingest import Intake, Wish

if TYPE_CHECKING:
    from mi_async.bulk.engine import Engine


class Make(Protocol):
    """Makes the engine of a run; what it opens is closed by the stack."""

    async def __call__(self, stack: AsyncExitStack, items: Input, options: Options, /) -> "Engine":
        """An engine that is ready to start."""
        ...


def over_faces(context: Context, kind: type[PersonInput] | type[ThumbnailUpload]) -> Make:
    """What makes the engine of a run over persons or pictures."""

    async def make(stack: AsyncExitStack, items: Input, options: Options) -> "Engine":
        # not before it is needed: many a program that imports the package makes no bulk run
        from mi_async.bulk.assembly import assemble_faces  # noqa: PLC0415

        return await assemble_faces(context, kind, stack, items, options)

    return make


def over_footage(intake: Intake, wish: Wish) -> Make:
    """What makes the engine of a run over media files."""

    async def make(stack: AsyncExitStack, items: Input, options: Options) -> "Engine":
        from mi_async.bulk.assembly import assemble_footage  # noqa: PLC0415  as above

        return await assemble_footage(intake, wish, stack, items, options)

    return make


@define(eq=False)
class BulkRun:
    """A run over many items; iterate over it once, or await it.

    ``async for outcome in run`` gives an :class:`Outcome` per item as it ends, not in the order of the input; leaving
    the loop stops the run. ``await run`` goes through all of it and returns the report. Whoever does not take the
    outcomes makes the run wait.
    """

    _make: "Make"
    _items: Input
    _options: Options
    _engine: "Engine | None" = field(init=False, default=None)
    _last: BulkProgress | None = field(init=False, default=None)
    _report: BulkReport | None = field(init=False, default=None)
    _stream: AsyncGenerator[Outcome] | None = field(init=False, default=None)

    @property
    def progress(self) -> BulkProgress:
        """Where the run is; its beginning before it was started."""
        if self._last is not None:
            return self._last
        return BulkProgress(total=self._total()) if self._engine is None else self._engine.progress()

    @property
    def latest(self) -> Sequence[Outcome]:
        """The last few items that did not go well."""
        return () if self._engine is None else tuple(self._engine.tally.latest)

    @property
    def report(self) -> BulkReport:
        """What was done; complete once the run has ended.

        Raises:
            BulkError: the run has not ended.
        """
        if self._report is None:
            message = "the report is there when the run has ended"
            raise BulkError(message)
        return self._report

    def stop(self) -> None:
        """Take nothing more from the input; what is under way lands within the grace time, and the run ends."""
        if self._engine is not None:
            self._engine.stop()

    def __aiter__(self) -> AsyncIterator[Outcome]:
        """Start the run."""
        if self._stream is not None:
            message = "a run is gone through once; make another one to resume"
            raise BulkError(message)
        self._stream = self._outcomes()
        return self._stream

    def __await__(self) -> Generator[Any, None, BulkReport]:
        """Go through the whole run."""
        return self._through().__await__()

    async def __aenter__(self) -> Self:
        """Use it as a block, which ends the run when it is left."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the run if it has not ended."""
        if self._stream is not None:
            await self._stream.aclose()

    async def _through(self) -> BulkReport:
        async with self:
            async for _ in self:
                pass
        return self.report

    async def _outcomes(self) -> AsyncGenerator[Outcome]:
        async with AsyncExitStack() as stack:
            options = evolve(self._options, total=self._total())
            engine = self._engine = await self._make(stack, self._items, options)
            ending = "cancelled"
            try:
                engine.start()
                while (outcome := await engine.outcomes.get()) is not None:
                    yield outcome
                ending = engine.ending
            except (asyncio.CancelledError, GeneratorExit):
                engine.stop()
                await engine.landed()
                raise
            finally:
                await engine.aclose()
                self._last = engine.progress()
                tally = engine.tally
                self._report = BulkReport.at(
                    self._last,
                    journal=self._options.journal,
                    run=engine.journal.run,
                    ending=ending,
                    abandoned=tally.abandoned,
                    problems=tally.problems,
                )
                await engine.journal.aclose(ending)
        if engine.failure is not None:
            raise self._told(engine.failure)

    def _told(self, failure: BaseException) -> BaseException:
        """What the user is told of a failure that has stopped the run."""
        if isinstance(failure, MIError) and not isinstance(failure, BulkError):
            stopped = BulkError(f"the run was stopped: {failure}")
            stopped.__cause__ = failure
            failure = stopped
        if isinstance(failure, BulkError):
            failure.report = self._report
        return failure

    def _total(self) -> int | None:
        total = self._options.total
        return len(self._items) if total is None and isinstance(self._items, Sized) else total
