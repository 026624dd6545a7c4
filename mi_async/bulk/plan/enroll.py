"""Plans of runs over people and thumbnails: items by how they would end, requests, and the time at full quota.

Invariant: an upper bound where only the service knows better. Headers of images are read, and whole files only where
the journal may know the content under another name; that two new files have one content is found by the run itself.
"""

import os
from collections.abc import Iterable, Mapping
from contextlib import closing
from typing import Any, ClassVar

from attrs import frozen

from mi_async._core.extras import require
from mi_async._core.operation import Quota
from mi_async.argument_types import IfPersonKnown
from mi_async.bulk.engine.outcome import BulkOutcome
from mi_async.bulk.inputs.input_facts import facts_of
from mi_async.bulk.inputs.models import BadInput, FaceItem, PersonInput, ThumbnailUpload
from mi_async.bulk.journal.place import Journalled
from mi_async.bulk.plan.costs import costs_of, keeping, quota_words
from mi_async.bulk.plan.dedup import FirstSeen, existing, gone, remembered
from mi_async.bulk.plan.dry_run import DryRun, Labels, PlanCounts, Rows
from mi_async.bulk.plan.enroll_planner import EnrollPlanner
from mi_async.text import size, span

PRESIGN, CHECK = "thumbnails.presign", "thumbnails.complete"


@frozen(kw_only=True)
class Plan(DryRun):
    """Result of a dry run over persons or thumbnails; ``str()`` of it is a table.

    Attributes:
        create: persons that would be created.
        attach: persons there already, or items, that would get pictures or tags.
        partial: items of which some pictures would be refused; they count as created or attached, too.
        pictures: that would be uploaded; ``bytes`` are theirs before they are made to fit.
        to_fit: of these, too big and to be made to fit.
    """

    OUTCOMES: ClassVar[Labels] = (
        ("create", "persons to create"),
        ("attach", "items that add to a person"),
        ("skipped", "finished already"),
        ("failed", "failed before (mi-async journal retry)"),
        ("partial", "with refused pictures"),
        ("rejected", "rejected"),
        ("parked", "with pictures that cannot be read now"),
    )
    FILES: ClassVar[Labels] = (
        ("pictures", "pictures to upload"),
        ("to_fit", "of these made to fit"),
    )

    create: int = 0
    attach: int = 0
    partial: int = 0
    pictures: int = 0
    to_fit: int = 0

    @property
    def seconds(self) -> float:
        """Time at full quota: that of the operation which takes longest, for they go on at the same time."""
        return max((cost.seconds for cost in self.costs), default=0.0)

    @property
    def troubled(self) -> int:
        """Number of items that are known not to go well."""
        return super().troubled + self.partial

    def measures(self) -> dict[str, Any]:
        """Return the time for JSON."""
        return {"seconds": round(self.seconds, 3)}

    def size_rows(self) -> Rows:
        """Return the size of the images."""
        return [("bytes", size(self.bytes))] if self.bytes else []

    def time_rows(self) -> Rows:
        """Return the time at full quota, and what it is the quotient of."""
        return [("time at full quota", f"{span(self.seconds)}{self._formula()}")] if self.seconds else []

    def _formula(self) -> str:
        slowest = max(self.costs, key=lambda cost: cost.seconds)
        quota = slowest.quota
        return f" = {slowest.calls:,} {slowest.operation} / {quota_words(quota)}" if quota else ""


def plan_people(
    people: Iterable[PersonInput | BadInput],
    *,
    journal: Journalled | None = None,
    fit: bool = False,
    known: IfPersonKnown = "ignore",
    problems: str | os.PathLike[str] | None = None,
    force: bool = False,
    quotas: Mapping[str, Quota | None] | None = None,
    validate: bool = True,
) -> Plan:
    """Plan ``enroll_many`` without a request; blocks for as long as the headers of the images take to read.

    Args:
        people: as in ``enroll_many``; an iterable that is not asynchronous.
        journal: of earlier runs; it is read and not written, may be in use, and need not exist before the first one.
        fit: as in ``enroll_many``.
        known: as in ``enroll_many``; who is known nobody can tell without a request, so all count as created.
        problems: a file for everything that would not go well, in JSON Lines as in a report.
        force: replace that file even if it is no report of ours, as in ``BulkReport.write``.
        quotas: by operation id, as in ``connect``.
        validate: as in ``connect``; without it names, descriptions and tags are not checked. Images always are.

    Raises:
        JournalError: it belongs to something else, or cannot be read.
        InvalidArgumentError: something else than people is among them, or ``problems`` cannot be written.
        ConfigError: ``fit`` without the extra ``images``.
        ResourceError: this machine is out of file descriptors or memory.
    """
    return _plan(
        PersonInput,
        "enroll",
        people,
        journal=journal,
        fit=fit,
        compares=known != "ignore",
        problems=problems,
        force=force,
        quotas=quotas,
        validate=validate,
    )


def plan_thumbnails(
    items: Iterable[ThumbnailUpload | BadInput],
    *,
    journal: Journalled | None = None,
    fit: bool = False,
    problems: str | os.PathLike[str] | None = None,
    force: bool = False,
    quotas: Mapping[str, Quota | None] | None = None,
    validate: bool = True,
) -> Plan:
    """Plan ``upload_thumbnails`` without a request; arguments and errors as for :func:`plan_people`."""
    operation = "upload-thumbnails"
    return _plan(
        ThumbnailUpload,
        operation,
        items,
        journal=journal,
        fit=fit,
        problems=problems,
        force=force,
        quotas=quotas,
        validate=validate,
    )


def _plan(
    kind: type[FaceItem],
    operation: str,
    items: Iterable[FaceItem | BadInput],
    *,
    journal: Journalled | None,
    fit: bool,
    compares: bool = False,
    problems: str | os.PathLike[str] | None,
    force: bool,
    quotas: Mapping[str, Quota | None] | None,
    validate: bool,
) -> Plan:
    if fit:
        require("images")
    first: list[BulkOutcome] = []
    earlier = existing(journal)
    with (
        closing(FirstSeen(noting=earlier is not None)) as firsts,
        remembered(earlier, operation) as find,
        keeping(problems, first, journal=journal, force=force) as tell,
    ):
        planner = EnrollPlanner(kind, find, fit, PlanCounts(tell), firsts, validate)
        planner.count(items)
        absent = gone(earlier, operation, firsts)
        counts = planner.counts.counts
        counts["person_tags.list"] = counts["person_tags.create"] = firsts.different_tags
    if compares:  # each is looked up before its upload, and those who look like it are looked up by their IDs
        counts["persons.search"] = 2 * counts["persons.create"]
        counts["persons.recommend_by_thumbnail"] = counts["persons.create"]
    counts[PRESIGN] = counts["storage.put"] = counts[CHECK] = counts["pictures"]
    return Plan(
        **planner.counts.of(Plan),
        reasons=planner.counts.reasons,
        costs=costs_of(_ASKED, counts, quotas or {}),
        problems=tuple(first),
        facts=facts_of(items),
        gone=absent,
    )


_ASKED = (
    PRESIGN,
    "storage.put",
    CHECK,
    "persons.create",
    "persons.set_thumbnails",
    "person_tags.list",
    "person_tags.create",
    "persons.add_tags",
    "persons.get",
    "persons.update",
    "persons.search",
    "persons.recommend_by_thumbnail",
)
