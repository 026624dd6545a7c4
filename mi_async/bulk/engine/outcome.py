"""Outcomes: how an item of a bulk run ended, and its problems.

Invariant: frozen values, small, without the images.
"""

from enum import Enum
from typing import Any

from attrs import asdict, frozen

from mi_async.models import Serializable


class Status(Enum):
    """End of an item.

    ``DONE``: all of it is at the service. ``SKIPPED``: it was there already, by an earlier run or earlier in this one;
    nothing was asked. ``PARTIAL``: the person is there, but some images are not. ``REJECTED``: it breaks a rule;
    nothing was sent. ``FAILED``: the service refused it, and will again. ``PARKED``: it failed for now; running again
    takes it up where it is.
    """

    DONE = "done"
    SKIPPED = "skipped"
    PARTIAL = "partial"
    REJECTED = "rejected"
    FAILED = "failed"
    PARKED = "parked"


WELL = frozenset({Status.DONE, Status.SKIPPED})
"""Ends that nobody needs to look at."""
MOST_PROBLEMS = 20
"""Items with problems that a report or a plan holds; the journal, or a file of problems, has all of them."""
KNOWN = "KNOWN"
"""Code of persons who were not created because somebody looks like them; the next run looks at them again."""
DUPLICATE, INPUT = "DUPLICATE", "INPUT"
"""Codes of items that are rejected without a look at their files: seen before in this input, or no item at all."""


@frozen
class Problem(Serializable):
    """A problem of an item.

    Attributes:
        source: the image, or the origin of the item.
        code: the service's or storage's code or reason (``50005``, ``OVER_SIZE_LIMIT``), or ours (``resolution``,
            ``DUPLICATE``), or the name of the error's class.
        message: the problem as a sentence.
    """

    source: str
    code: str
    message: str


@frozen
class BulkOutcome(Serializable):
    """Outcome of one item.

    Attributes:
        key: the person's name, or for ``upload_thumbnails`` its ID, as text.
        status: its end.
        person_id: ID of the person where one exists.
        attached: images that this run has given to the person.
        origin: place in the input, '' if unknown.
        problems: problems of the item and of its images.
        notes: remarks: images that were made smaller, duplicates.
        created: keys of images that are at the service without a person, by kind, as in ``MIError.created``.
    """

    key: str
    status: Status
    person_id: int | None = None
    attached: int = 0
    origin: str = ""
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    created: tuple[str, ...] = ()

    def as_row(self) -> dict[str, Any]:
        """Return the outcome as a JSON object: the one form of an item in reports and lists of problems."""
        return {
            "key": self.key,
            "status": self.status.value,
            "person_id": self.person_id,
            "attached": self.attached,
            "origin": self.origin,
            "problems": [asdict(problem) for problem in self.problems],
            "notes": list(self.notes),
            "created": list(self.created),
        }


def is_placed(outcome: BulkOutcome) -> bool:
    """Return True if a problem names the place that the item was read from, or there is none."""
    return any(outcome.origin in f"{told.source} {told.message}" for told in outcome.problems) or not outcome.origin


def item_name(outcome: BulkOutcome) -> str:
    """Return the item with the place that it was read from, unless a problem names it: ``Hong (people.csv:2)``."""
    if not outcome.key or is_placed(outcome) or outcome.origin == outcome.key:
        return outcome.key or outcome.origin
    return f"{outcome.key} ({outcome.origin})"


@frozen(kw_only=True)
class AssetOutcome(BulkOutcome):
    """Outcome of one media file; its key is that of the object.

    Attributes:
        asset_id: ID of the asset where one exists.
        place: the object, as ``s3://bucket/key``; '' where there can be none.
        state: state reached: ``new``, ``stored``, ``registered``, ``imported``, ``indexed`` or ``summarized``.
        sent: bytes that this run has stored for it.
        reused: True if this run has found the asset at the service.
    """

    asset_id: int | None = None
    place: str = ""
    state: str = "new"
    sent: int = 0
    reused: bool = False

    def as_row(self) -> dict[str, Any]:
        """Return the outcome as a JSON object, with what an asset has."""
        row = BulkOutcome.as_row(self)
        own = {name: getattr(self, name) for name in ("asset_id", "place", "state", "sent", "reused")}
        kept = {name: row[name] for name in ("origin", "problems", "notes")}
        return {"key": self.key, "status": self.status.value, **own, **kept}
