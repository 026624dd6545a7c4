"""Watch of a source: a look at an interval, and a bulk run over what is new and has stopped changing.

Invariant: deletes and replaces nothing. A file is taken once two looks in a row have found it the same. A look that
fails is followed by another one, after a pause that grows to a bound.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import aclosing

from attrs import define, evolve, field, frozen

from mi_async.bulk.engine.outcome import AssetOutcome, BulkOutcome, Status
from mi_async.bulk.engine_factory import EngineFactory
from mi_async.bulk.journal.records import AssetRecord
from mi_async.bulk.options import BulkOptions, negative_fault
from mi_async.bulk.plan.dedup import existing, remembered_assets
from mi_async.bulk.run import BulkRun
from mi_async.errors import (
    BulkError,
    DeadlineExceededError,
    InvalidArgumentError,
    JournalError,
    MIError,
    QuotaError,
    QuotaWaitError,
    ResourceError,
    ServerError,
    TransportError,
)
from mi_async.models import Serializable
from mi_async.sync.bucket_source import BucketSource
from mi_async.sync.decisions import ObjectContent, SourceFile
from mi_async.sync.defaults import INTERVAL
from mi_async.sync.folder_source import FolderSource
from mi_async.sync.known_rows import identity_of, read_known
from mi_async.sync.sources import Scan
from mi_async.text import quantity
from mi_async.workflows.context import Context
from mi_async.workflows.ingest.resolve import find_project, linked_bucket

_log = logging.getLogger(__name__)

LONGEST_PAUSE = 900.0
"""Seconds between two looks while they fail, unless the interval is longer."""
ASKED = 500
"""Keys that the journal is asked about at once."""
PASSING = (
    TransportError,
    ServerError,
    QuotaError,
    QuotaWaitError,
    DeadlineExceededError,
    ResourceError,
)
"""Failures after which the next look may succeed."""


@frozen
class WatchPass(Serializable):
    """One look at a source, and what has come of it.

    Attributes:
        number: from 1.
        files: media files that the source has.
        unsettled: files that have changed since the look before.
        changed: files that have other content than the asset of their name; a sync can replace them.
        counts: items of the run that followed, by how they ended; none without a run.
        failure: why the look, or its run, has failed; '' if it has not.
        unreadable: folders that cannot be read; what is in them is not taken.
    """

    number: int
    files: int = 0
    unsettled: int = 0
    changed: int = 0
    counts: Mapping[str, int] = field(factory=dict)
    failure: str = ""
    unreadable: int = 0

    def __str__(self) -> str:
        """Return the line for a log."""
        told = (
            [quantity(self.files, "file"), f"{self.unsettled:,} still changing"] if not self.failure else [self.failure]
        )
        told += [f"{quantity(self.unreadable, 'folder')} cannot be read"] if self.unreadable else []
        told += [f"{self.changed:,} changed since they were ingested"] if self.changed else []
        told += [f"{number:,} {status}" for status, number in self.counts.items()]
        return f"pass {self.number:,}: {', '.join(told)}"


@frozen
class WatchTarget:
    """Target of the files of a watch.

    Attributes:
        factory: of the runs over them.
        project: ID or name of the project; None for the base project.
        bucket: the bucket; None for the one that is linked to the workspace.
    """

    factory: EngineFactory
    project: int | str | None
    bucket: str | None


@frozen(kw_only=True)
class WatchRules:
    """Rules of a watch; the attributes are described at ``Workspace.watch``."""

    interval: float = INTERVAL
    passes: int | None = None
    progress: Callable[[WatchPass], None] | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse values that are out of range."""
        for name in ("interval", "passes"):
            if (fault := negative_fault(name, getattr(self, name))) is not None:
                raise InvalidArgumentError(fault)
        if self.interval == 0 and self.passes is None:
            message = "interval must be > 0 without passes, got 0: it would look without a pause and without an end"
            raise InvalidArgumentError(message)


def pause_after(failures: int, interval: float) -> float:
    """Return the seconds until the next look, after so many failures in a row: doubled for each, up to a bound."""
    longest = max(interval, LONGEST_PAUSE)
    return min(interval * 2.0 ** min(failures, 30), longest)


@define(eq=False)
class Watcher:
    """Watches one source.

    Attributes:
        context: the workspace.
        source: the folder or bucket.
        target: where its files go.
        options: of each run.
        interval: seconds between two looks.
        told: is told of each pass.
    """

    context: Context
    source: FolderSource | BucketSource
    target: WatchTarget
    options: BulkOptions
    interval: float
    told: Callable[[WatchPass], None]
    _project: int | None = field(init=False, default=None)
    _seen: Mapping[str, SourceFile] = field(init=False, factory=dict)
    _handled: dict[str, SourceFile] = field(init=False, factory=dict)
    # what a run of this watch had in flight when it was stopped: it may be done, and nobody was told
    _begun: set[str] = field(init=False, factory=set)
    _unsettled: int = field(init=False, default=0)
    _changed: int = field(init=False, default=0)
    _counts: Counter[str] = field(init=False, factory=Counter)
    _number: int = field(init=False, default=0)
    _failures: int = field(init=False, default=0)

    async def outcomes(self, passes: int | None) -> AsyncGenerator[AssetOutcome]:
        """Yield how files end, of so many looks; None for no end.

        Raises:
            MIError: a failure that no later look will mend.
        """
        while passes is None or self._number < passes:
            if self._number:
                await self.context.clock.sleep(pause_after(self._failures, self.interval))
            self._number += 1
            self._counts, scan = Counter(), Scan({})
            failure = ""
            try:
                if self._project is None:
                    self._project = await self._found_project()
                scan = await self._scanned()
                async with aclosing(self._taken(scan)) as ended:
                    async for outcome in ended:
                        yield outcome
            except MIError as error:
                if not self._may_pass(error):
                    raise
                failure = str(error)
            self._failures = self._failures + 1 if failure else 0
            self._tell(scan, failure)

    def _tell(self, scan: Scan, failure: str) -> None:
        counts, unreadable = dict(self._counts), len(scan.unreadable)
        done = WatchPass(self._number, len(scan.files), self._unsettled, self._changed, counts, failure, unreadable)
        level = logging.WARNING if failure or unreadable else logging.INFO
        _log.log(level, "watch of %s: %s", self.source.name, done)
        self.told(done)

    async def _found_project(self) -> int:
        """Return the project; refuse a target that is none, or another one than the journal's, before a file comes."""
        self.context.store.connection.check_meant()
        if isinstance(self.source, FolderSource):
            await linked_bucket(self.context, self.target.bucket)
        project, identity = await find_project(self.context, self.target.project), await identity_of(self.context)
        await asyncio.to_thread(read_known, self.options.journal, self.source, project, identity)
        return project

    async def _scanned(self) -> Scan:
        try:
            return await self.source.scan()
        except InvalidArgumentError as error:  # there was such a folder: a disk may be away for a while
            raise ResourceError(str(error), source=self.source.name) from error

    def _may_pass(self, error: MIError) -> bool:
        """Return True if a later look may succeed."""
        cause = error.__cause__ if isinstance(error, BulkError) else error
        # a journal that was usable is in use by another run, or its disk is full
        return isinstance(cause, PASSING) or (isinstance(error, JournalError) and bool(self._handled))

    async def _taken(self, scan: Scan) -> AsyncGenerator[AssetOutcome]:
        """Ingest what is new and has stopped changing."""
        ready = await self._without_changed(self._settled(scan))
        if not ready:
            return
        run = BulkRun(self.target.factory, self.source.items(ready.__contains__), self.options)
        untold = set(self._begun)
        self._begun |= ready.keys()
        async with run:
            async for ended in run:
                outcome = self._noted(ended, ready, untold)
                if outcome.status is not Status.SKIPPED and isinstance(outcome, AssetOutcome):
                    yield outcome

    def _settled(self, scan: Scan) -> dict[str, SourceFile]:
        """Return what no look has handled and the last one has found the same; an object is there as a whole."""
        new = {key: file for key, file in scan.files.items() if self._handled.get(key) != file}
        seen, self._seen = self._seen, scan.files
        seen = new if isinstance(self.source, BucketSource) else seen
        ready = {key: file for key, file in new.items() if seen.get(key) == file}
        self._unsettled, self._changed = len(new) - len(ready), 0
        return ready

    def _noted(self, ended: BulkOutcome, ready: Mapping[str, SourceFile], untold: AbstractSet[str]) -> BulkOutcome:
        """Count the end of a file, and handle it no more; return it as done if a run that was stopped has done it."""
        self._begun.discard(ended.key)
        if ended.status is Status.SKIPPED and ended.key in untold:
            ended = evolve(ended, status=Status.DONE)
        self._counts[ended.status.value] += 1
        if ended.key in ready and ended.status is not Status.PARKED:
            self._handled[ended.key] = ready[ended.key]
        return ended

    async def _without_changed(self, ready: dict[str, SourceFile]) -> dict[str, SourceFile]:
        """Leave out files that are other ones than those that were ingested under their names."""
        if not ready or await asyncio.to_thread(existing, self.options.journal) is None:
            return ready
        rows = await asyncio.to_thread(self._rows, list(ready))
        left = dict(ready)
        for row in rows:
            if row.asset_id is None:
                continue
            content = await self.source.object_content(row, ready[row.key])
            if content is not ObjectContent.SAME:
                file = left.pop(row.key)
                if content is not ObjectContent.UNKNOWN:  # else the next look may tell
                    self._note_change(row.key, file)
        return left

    def _note_change(self, key: str, file: SourceFile) -> None:
        self._handled[key] = file
        self._changed += 1
        _log.warning("%s has changed since it was ingested; a sync with replace takes it", key)

    def _rows(self, keys: Sequence[str]) -> list[AssetRecord]:
        """Return the journal's rows of these keys that are of this source; blocks."""
        found = list[AssetRecord]()
        with remembered_assets(self.options.journal) as find:
            for start in range(0, len(keys), ASKED):
                found += find(keys[start : start + ASKED])
        return [row for row in found if row.project_id == self._project and self.source.has_brought(row)]
