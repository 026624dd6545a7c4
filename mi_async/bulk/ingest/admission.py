"""The way in for media files: what is finished, what came before in the input, and what can be no object.

Law: asks the journal and the file system, and makes no request but one for the bucket, where a file is to go there.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from attrs import define, evolve, field

from mi_async._core.paths import stat_path
from mi_async.bulk.engine.outcome import DUPLICATE, INPUT, AssetOutcome, Problem, Status
from mi_async.bulk.ingest.decisions import AssetDecision, decide
from mi_async.bulk.ingest.work import AssetWork, Print, outcome_of
from mi_async.bulk.inputs.batching import only
from mi_async.bulk.inputs.models import AssetInput, BadInput, Item
from mi_async.bulk.journal.journal import Journal
from mi_async.bulk.journal.records import AGAIN, OPEN, AssetRecord, Reached
from mi_async.errors import InvalidArgumentError
from mi_async.storage.models import StoredObject


@define(eq=False)
class IngestAdmission:
    """Decides about media files.

    Attributes:
        journal: what is known.
        project_id: number of the project.
        find_bucket: asks where files go; objects say so themselves.
        goal: how far each is to get.
        recalled: items that it has rejected as an earlier run has.
    """

    journal: Journal
    project_id: int
    find_bucket: Callable[[], Awaitable[str]]
    goal: Reached
    recalled: int = field(init=False, default=0)
    _bucket: str | None = field(init=False, default=None)
    _ordinal: int = field(init=False, default=0)

    async def decide(self, chunk: Sequence[Item | BadInput]) -> list[AssetOutcome | AssetWork]:
        """For each item what became of it already, or the work that it is; the journal has seen all of them then."""
        items = only(AssetInput, chunk)
        if self._bucket is None and not all(isinstance(item.source, StoredObject) for item in items):
            self._bucket = await self.find_bucket()
        places = {id(item): _place(item, self._bucket or "") for item in items}
        keys = [place.key for place in places.values() if isinstance(place, StoredObject)]
        rows = {(row.bucket, row.key): row for row in await self.journal.find_assets(self.project_id, keys)}
        prints = await asyncio.to_thread(_prints, items)
        seen: dict[tuple[str, str], AssetRecord] = {}
        decided: list[AssetOutcome | AssetWork] = []
        for item in chunk:
            self._ordinal += 1
            if isinstance(item, AssetInput):
                decided.append(self._judge(item, places[id(item)], prints[id(item)], rows, seen))
            elif isinstance(item, BadInput):
                decided.append(self._reject(item.origin, "", Problem(item.origin, INPUT, item.message), seen))
        await self._recall([label for bucket, label in seen if not bucket])
        await self.journal.write(*seen.values())
        return decided

    async def _recall(self, labels: list[str]) -> None:
        """Count those of the rejected items that an earlier run has rejected, too."""
        rows = await self.journal.find_assets(self.project_id, labels) if labels else []
        self.recalled += sum(row.run < self.journal.run and not row.bucket for row in rows)

    def _judge(
        self,
        item: AssetInput,
        place: StoredObject | str,
        now: Print,
        rows: Mapping[tuple[str, str], AssetRecord],
        seen: dict[tuple[str, str], AssetRecord],
    ) -> AssetOutcome | AssetWork:
        origin = item.origin or f"item {self._ordinal:,}"
        if isinstance(place, str):
            return self._reject(origin, str(item.source), Problem(origin, INPUT, place), seen)
        named = place.bucket, place.key
        row = seen.get(named) or rows.get(named) or AssetRecord(self.project_id, *named)
        if row.run == self.journal.run:
            message = f"this object came before in this input, at {row.origin}; nothing of this one was sent"
            return self._reject(origin, place.key, Problem(origin, DUPLICATE, message), seen)
        met = row.code if row.status in AGAIN else ""
        row = evolve(row, source=str(item.source), origin=origin, run=self.journal.run)
        film = AssetWork(item, place, row, now, look=row.reached is not Reached.NEW, met=met)
        ended = self._ended(film)
        seen[named] = film.record
        return ended or film

    def _ended(self, film: AssetWork) -> AssetOutcome | None:
        """Return how it ended in an earlier run, when nothing is left to do; else it is open."""
        row = film.record
        match decide(row, self.goal, is_same=film.is_same):
            case AssetDecision.SKIP:
                film.record = evolve(row, status=Status.DONE.value, code="", message="")
                return film.outcome(Status.SKIPPED)
            case AssetDecision.RECALL:
                film.recall()
                return film.outcome(Status(row.status))
            case AssetDecision.WORK:
                film.record = evolve(row, status=OPEN, code="", message="")
                return None

    def _reject(
        self, origin: str, key: str, problem: Problem, seen: dict[tuple[str, str], AssetRecord]
    ) -> AssetOutcome:
        """Refuse an item before anything was sent; the journal has it under a name that no object has."""
        label = f"{key} [{origin}]".strip()
        row = AssetRecord(
            self.project_id,
            "",
            label,
            status=Status.REJECTED.value,
            code=problem.code,
            message=problem.message,
            origin=origin,
            run=self.journal.run,
        )
        seen["", label] = row
        return evolve(outcome_of(row, Status.REJECTED, problems=(problem,)), key=key or label)


def _place(item: AssetInput, bucket: str) -> StoredObject | str:
    """The object that it is or becomes, or why there can be none."""
    try:
        return item.place(bucket)
    except InvalidArgumentError as error:
        return str(error)


def _prints(items: Sequence[AssetInput]) -> dict[int, Print]:
    return {id(item): print_of(item) for item in items}


def print_of(item: AssetInput) -> Print:
    """Size and time of a file, (0, 0) where there is none; of an object what was told of it."""
    if isinstance(item.source, StoredObject):
        return item.size, item.mtime_ns
    try:
        found = stat_path(item.source)
    except (OSError, ValueError):
        return 0, 0
    return found.st_size, found.st_mtime_ns
