"""A bulk run as its user has it: an async iterator of outcomes, and a report at the end.

Invariant: starts nothing before it is iterated over; however it ends, nothing is left running and the journal is exact.
"""

import asyncio
import logging
import weakref
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Generator,
    Sequence,
    Sized,
)
from contextlib import AsyncExitStack
from types import TracebackType
from typing import TYPE_CHECKING, NoReturn, Self

from attrs import define, evolve, field

from mi_async._core.extras import require
from mi_async._core.live_object import refuse_pickling
from mi_async.bulk.engine.outcome import BulkOutcome
from mi_async.bulk.engine.progress import BulkProgress
from mi_async.bulk.engine_factory import EngineFactory, hook_summary
from mi_async.bulk.inputs.input_facts import facts_of
from mi_async.bulk.inputs.models import Input
from mi_async.bulk.inputs.reading import Reading, passes_of
from mi_async.bulk.joining import JoinedInput
from mi_async.bulk.journal.place import shown_journal
from mi_async.bulk.options import BulkOptions
from mi_async.bulk.report.report import BulkReport
from mi_async.errors import BulkError, MIError

_log = logging.getLogger(__name__)

if TYPE_CHECKING:
    from mi_async.bulk.factory import RunEngine


async def _finish(joined: JoinedInput, outcome: BulkOutcome, engine: "RunEngine") -> None:
    """Take note that an item has ended; stop the run if that cannot be recorded."""
    try:
        await joined.ended(outcome)
    except MIError as error:
        engine.stop(error)


async def _whole(own: BulkReport, *, shared: bool) -> BulkReport:
    """Return the report with what only the journal has: which images are of this run, and what others have done."""
    from mi_async.bulk.report.journal_report import own_report, shared_report  # noqa: PLC0415  brings SQLAlchemy

    try:
        return await asyncio.to_thread(shared_report if shared else own_report, own)
    except MIError as error:
        _log.warning("%s; the report is of this process alone", error)
        return own


@define(eq=False, repr=False)
class BulkRun:
    """A run over many items; iterate over it once, or await it.

    ``async for outcome in run`` gives a :class:`BulkOutcome` per item as it ends, not in the order of the input;
    leaving the loop stops the run. ``await run`` goes through all of it and returns the report. Whoever does not take
    the outcomes makes the run wait.

    Attributes:
        number: of the run in the journal; 0 before it was started.
    """

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled or copied."""
        refuse_pickling(
            self, "connect() where it runs and make the run there, or send mi_async.fleet.member(...), which does both"
        )

    _factory: EngineFactory
    _items: Input
    _options: BulkOptions
    _engine: "RunEngine | None" = field(init=False, default=None)
    _joined: JoinedInput | None = field(init=False, default=None)
    _last: BulkProgress | None = field(init=False, default=None)
    _report: BulkReport | None = field(init=False, default=None)
    # weak, so that a loop that is left early releases the generator, and the event loop closes it
    _stream: "weakref.ref[AsyncGenerator[BulkOutcome]] | None" = field(init=False, default=None)
    number: int = field(init=False, default=0)
    _ended: asyncio.Event | None = field(init=False, default=None)
    _stopped: bool = field(init=False, default=False)

    @property
    def progress(self) -> BulkProgress:
        """Progress of the run; that of its beginning before it was started."""
        if self._last is not None:
            return self._last
        return BulkProgress(total=self._total()) if self._engine is None else self._now(self._engine)

    @property
    def latest(self) -> Sequence[BulkOutcome]:
        """The last few items that did not go well."""
        return () if self._engine is None else tuple(self._engine.stats.latest)

    @property
    def report(self) -> BulkReport:
        """Report of the run, which has ended.

        Raises:
            BulkError: the run has not ended.
        """
        if (whole := self._whole_report) is None:
            message = "the run has not ended; its report comes with the end"
            raise BulkError(message)
        return whole

    @property
    def _whole_report(self) -> BulkReport | None:
        """The report once all is closed: until then it lacks what only the journal has."""
        return self._report if self._ended is not None and self._ended.is_set() else None

    def __repr__(self) -> str:
        """Tell the items, the journal, and the number that has ended."""
        report = self._whole_report
        ended = f"{report.ended:,} ended" if report is not None else "not ended"
        return f"BulkRun({self._factory.takes}, journal={shown_journal(self._options.journal)!r}, {ended})"

    def _repr_html_(self) -> str:
        """Show the run in a notebook."""
        from mi_async.bulk.report.run_card import run_card  # noqa: PLC0415  most programs never look

        state = "ended" if self._whole_report is not None else "not started" if self._engine is None else "running"
        about = f"BulkRun · {self._factory.takes} · {shown_journal(self._options.journal)}"
        return run_card(about, state, self.progress, self.latest)

    def stop(self) -> None:
        """Take nothing more from the input; what is in flight may end within the grace time, then the run ends."""
        self._stopped = True
        if self._engine is not None:
            self._engine.stop()

    def __aiter__(self) -> AsyncIterator[BulkOutcome]:
        """Start the run."""
        if self._stream is not None:
            message = "a BulkRun can be iterated only once; start a new run to resume"
            raise BulkError(message)
        stream = self._outcomes()
        self._stream = weakref.ref(stream)
        return stream

    def __attrs_post_init__(self) -> None:
        """Refuse an input that can be gone through only once where that is not enough."""
        if self._options.is_shared:
            passes_of(self._items)

    def __await__(self) -> Generator[object, None, BulkReport]:
        """Go through the whole run."""
        return self._through().__await__()

    async def __aenter__(self) -> Self:
        """Use it as a block, which ends the run when it is left."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the run if it has not ended."""
        stream = None if self._stream is None else self._stream()
        if stream is not None:
            await stream.aclose()
        elif self._ended is not None:
            await self._end(self._ended)

    async def _end(self, ended: asyncio.Event) -> None:
        """Wait for the end of a run whose loop was left; it is being closed already."""
        try:
            await ended.wait()
        except asyncio.CancelledError:
            if self._engine is not None:
                self._engine.halt()
            await ended.wait()
            raise

    async def _through(self) -> BulkReport:
        if (whole := self._whole_report) is not None:
            return whole
        outcomes = aiter(self)  # refused, where somebody else goes through it already
        async with self:
            async for _ in outcomes:
                pass
        return self.report

    async def _outcomes(self) -> AsyncGenerator[BulkOutcome]:
        require("bulk")  # the factory of the engine imports it
        self._ended = asyncio.Event()
        async with AsyncExitStack() as stack:
            stack.callback(self._ended.set)
            options = self._options = evolve(self._options, total=await self._counted())
            result = stack.enter_context(own := self._factory.watch(options))
            making = self._factory.make(stack, self._items, options)
            wired = await asyncio.create_task(making, context=own.context)
            engine, self.number = wired.engine, wired.engine.journal.run
            self._engine, self._joined = engine, wired.joined
            ending = "cancelled"
            if self._stopped:
                engine.stop()
            try:
                own.context.run(engine.start)
                while (outcome := await engine.outcomes.get()) is not None:
                    if wired.joined is not None:
                        await _finish(wired.joined, outcome, engine)
                    yield outcome
                ending = engine.ending
            except (asyncio.CancelledError, GeneratorExit):
                engine.stop()
                await engine.landed()
                ending = "" if engine.through else ending
                raise
            finally:
                try:
                    await engine.aclose()
                finally:
                    self._report = self._reported(engine, ending)
                    await engine.journal.aclose(ending)
                self._report = await _whole(self._report, shared=wired.joined is not None)
                if wired.joined is None and self._last is not None:
                    self._last = evolve(self._last, pictures=self._report.pictures)
                result |= hook_summary(self._report)
            if engine.failure is not None:
                raise self._error_of(engine.failure)

    def _now(self, engine: "RunEngine") -> BulkProgress:
        found, joined = engine.progress(), self._joined
        return found if joined is None else evolve(found, waiting=joined.waiting, shared=joined.shared)

    def _reported(self, engine: "RunEngine", ending: str) -> BulkReport:
        self._last = self._now(engine)
        return BulkReport.at(
            self._last,
            journal=self._options.journal,
            run=engine.journal.run,
            ending=ending,
            abandoned=engine.stats.abandoned,
            problems=engine.stats.problems,
            facts=facts_of(self._items),
        )

    def _error_of(self, failure: BaseException) -> BaseException:
        """Return the error to raise for the failure that has stopped the run."""
        if isinstance(failure, MIError) and not isinstance(failure, BulkError):
            stopped = BulkError(f"the run was stopped: {failure}")
            stopped.__cause__ = failure
            failure = stopped
        if isinstance(failure, BulkError):
            failure.report = self._report
        return failure

    async def _counted(self) -> int | None:
        """Return the number of items; a reading is counted where that costs little."""
        total, items = self._total(), self._items
        if total is not None or self._options.is_shared or not isinstance(items, Reading):
            return total
        try:
            return await asyncio.to_thread(items.counted)
        except (MIError, OSError):
            return None  # the run meets it where it is, and says so

    def _total(self) -> int | None:
        total = self._options.total
        return len(self._items) if total is None and isinstance(self._items, Sized) else total
