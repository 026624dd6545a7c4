"""What a bulk run would do, without a request: what is created, skipped and refused, what it costs, how long it takes.

Law: an upper bound where only the service knows better. Of the pictures the headers are read, and no more unless a
journal may know one under another name; the same new picture under two names is found by the run itself.
"""

import os
from collections.abc import Iterable, Mapping
from contextlib import closing
from typing import Any

from attrs import field, frozen

from mi_async._core.operation import Quota
from mi_async.bulk.engine.outcome import BulkOutcome
from mi_async.bulk.images.resizer import require_extra
from mi_async.bulk.inputs.facts import NO_FACTS, InputFacts, facts_of
from mi_async.bulk.inputs.models import BadInput, FaceItem, PersonInput, ThumbnailUpload
from mi_async.bulk.plan.costs import Cost, costs_of, keeping, listed, rate
from mi_async.bulk.plan.dedup import GONE, FirstSeen, Gone, gone, remembered
from mi_async.bulk.plan.enroll_planner import EnrollPlanner
from mi_async.text import size, span

PRESIGN, CHECK = "thumbnails.presign", "thumbnails.complete"


@frozen(kw_only=True)
class Plan:
    """What a run over an input would do; ``str()`` of it is a table.

    Attributes:
        items: of the input.
        create: persons that would be created.
        attach: persons there already, or items, that would get pictures or tags.
        skipped: items that an earlier run has finished.
        rejected: items of which nothing would be sent.
        partial: items of which some pictures would be refused; they count as created or attached, too.
        failed: items that the service has refused before; they are left alone until ``mi-async journal retry``.
        parked: items with images that cannot be read now, because of a disk or network drive; the next run tries them
            again. With other images they count as created or attached, too.
        pictures: that would be uploaded.
        to_fit: of these, too big and to be made to fit.
        bytes: of these, before they are made to fit.
        reasons: what would be refused, items and pictures, by code.
        costs: requests.
        problems: the first items that would not go well, at most 20.
        facts: encoding of the input, and what was passed over.
        gone: persons, or for ``upload_thumbnails`` images, that the journal has and the input no longer has; a run does
            nothing about them.
    """

    items: int = 0
    create: int = 0
    attach: int = 0
    skipped: int = 0
    rejected: int = 0
    partial: int = 0
    failed: int = 0
    parked: int = 0
    pictures: int = 0
    to_fit: int = 0
    bytes: int = 0
    reasons: Mapping[str, int] = field(factory=dict)
    costs: tuple[Cost, ...] = ()
    problems: tuple[BulkOutcome, ...] = ()
    facts: InputFacts = NO_FACTS
    gone: Gone = field(factory=Gone)

    @property
    def seconds(self) -> float:
        """Time at full quota: that of the operation which takes longest, for they go on at the same time."""
        return max((cost.seconds for cost in self.costs), default=0.0)

    @property
    def troubled(self) -> int:
        """Items that are known not to go well."""
        return self.rejected + self.partial + self.failed + self.parked

    @property
    def ok(self) -> bool:
        """Whether there is none."""
        return not self.troubled

    def as_dict(self) -> dict[str, Any]:
        """The plan as a JSON object."""
        counts = ("create", "attach", "skipped", "rejected", "partial", "failed", "parked", "pictures", "to_fit")
        return {
            **{name: getattr(self, name) for name in ("items", *counts, "bytes")},
            "seconds": round(self.seconds, 3),
            "reasons": dict(self.reasons),
            "requests": {cost.operation: cost.calls for cost in self.costs},
            "problems": [outcome.as_row() for outcome in self.problems],
            **self.facts.as_dict(),
            **self.gone.as_dict(),
        }

    def __str__(self) -> str:
        rows = [("items", f"{self.items:,}"), *self.facts.rows()]
        rows += [(what, f"{getattr(self, name):,}") for name, what in _PERSONS if getattr(self, name)]
        rows += [(f"  because of {code}", f"{number:,}") for code, number in sorted(self.reasons.items())]
        rows += [(GONE, f"{self.gone.count:,}")] if self.gone.count else []
        rows += [(what, f"{getattr(self, name):,}") for name, what in _PICTURES if getattr(self, name)]
        rows += [("bytes", size(self.bytes))] if self.bytes else []
        rows += [(f"requests {cost.operation}", str(cost)) for cost in self.costs]
        rows += [("time at full quota", f"{span(self.seconds)}{self._formula()}")] if self.seconds else []
        wide = max(len(what) for what, _ in rows)
        lines = [f"{what:<{wide}}  {value}" for what, value in rows]
        lines += listed(self.problems)
        told = len(self.problems)
        left = self.troubled - told
        return "\n".join([*lines, *([f"and {left:,} more"] if left else []), *self.gone.lines()])

    def _formula(self) -> str:
        slowest = max(self.costs, key=lambda cost: cost.seconds)
        quota = slowest.quota
        return f" = {slowest.calls:,} {slowest.operation} / {rate(quota)}" if quota else ""


_PERSONS = (
    ("create", "persons to create"),
    ("attach", "persons to add to"),
    ("skipped", "finished already"),
    ("failed", "failed before (mi-async journal retry)"),
    ("partial", "with refused pictures"),
    ("rejected", "refused"),
    ("parked", "with pictures that cannot be read now"),
)
_PICTURES = (
    ("pictures", "pictures to upload"),
    ("to_fit", "of these made to fit"),
)


def plan_people(
    people: Iterable[PersonInput | BadInput],
    *,
    journal: str | os.PathLike[str] | None = None,
    fit: bool = False,
    problems: str | os.PathLike[str] | None = None,
    force: bool = False,
    quotas: Mapping[str, Quota | None] | None = None,
    validate: bool = True,
) -> Plan:
    """What ``enroll_many`` would do with people; blocks for as long as their headers take to read.

    Args:
        people: as in ``enroll_many``; an iterable that is not asynchronous.
        journal: of earlier runs; it is read and not written, and may be in use.
        fit: as in ``enroll_many``.
        problems: a file for everything that would not go well, in JSON Lines as in a report.
        force: replace that file even if it is no report of ours, as in ``BulkReport.write``.
        quotas: by operation id, as in ``connect``.
        validate: as in ``connect``; without it names, descriptions and tags are not checked. Images always are.

    Raises:
        JournalError: there is no such journal, or it belongs to something else.
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
        problems=problems,
        force=force,
        quotas=quotas,
        validate=validate,
    )


def plan_thumbnails(
    items: Iterable[ThumbnailUpload | BadInput],
    *,
    journal: str | os.PathLike[str] | None = None,
    fit: bool = False,
    problems: str | os.PathLike[str] | None = None,
    force: bool = False,
    quotas: Mapping[str, Quota | None] | None = None,
    validate: bool = True,
) -> Plan:
    """What ``upload_thumbnails`` would do; arguments and errors as for :func:`plan_people`."""
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
    journal: str | os.PathLike[str] | None,
    fit: bool,
    problems: str | os.PathLike[str] | None,
    force: bool,
    quotas: Mapping[str, Quota | None] | None,
    validate: bool,
) -> Plan:
    if fit:
        require_extra()
    first: list[BulkOutcome] = []
    with (
        closing(FirstSeen(noting=journal is not None)) as firsts,
        remembered(journal, operation) as find,
        keeping(problems, first, journal=journal, force=force) as tell,
    ):
        planner = EnrollPlanner(kind, find, fit, tell, firsts, validate)
        planner.count(items)
        absent = gone(journal, operation, firsts)
        counts = dict(planner.counts)
        counts["person_tags.list"] = counts["person_tags.create"] = firsts.different_tags
    counts |= {PRESIGN: (pictures := counts.get("pictures", 0)), "storage.put": pictures, CHECK: pictures}
    own = {name: counts.get(name, 0) for name in _COUNTED}
    return Plan(
        **own,
        reasons=planner.reasons,
        costs=costs_of(_ASKED, counts, quotas or {}),
        problems=tuple(first),
        facts=facts_of(items),
        gone=absent,
    )


_COUNTED = ("items", *(name for name, _ in (*_PERSONS, *_PICTURES)), "bytes")
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
)
