"""Work items: what moves through a pipeline, and the problems that it has met.

Invariant: sends nothing; knows neither people nor media.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Protocol, Self, TypeAlias, TypeVar

from attrs import define, field

from mi_async.bulk.engine.outcome import KNOWN, Problem
from mi_async.errors import (
    APIError,
    ImageRejectedError,
    InvalidArgumentError,
    JobTimeoutError,
    MediaRejectedError,
    MIError,
    PersonKnownError,
    ResourceError,
    UploadFailedError,
)

EXPLAINED: Mapping[tuple[str | None, str], str] = {
    ("persons.set_thumbnails", "10068"): "the person cannot have more thumbnails",
    ("persons.add_tags", "10068"): "the person cannot have more tags",
}
"""Meanings of refusals whose text says only that something is full, by operation and code."""


class PipelineExit(StrEnum):
    """Way out of a pipeline."""

    END = "end"


END: Final[StrEnum] = PipelineExit.END
"""Route of a work item that is over."""
LOCAL = (ImageRejectedError, MediaRejectedError, InvalidArgumentError, ResourceError)
"""Failures that come before any request."""


@define(eq=False, kw_only=True)
class WorkItem(ABC):
    """One item of the input in flight.

    Attributes:
        look: a failure may have hidden an effect at the service: look before a retry.
        problems: problems of the item and of its parts.
        transient: True if a later run may solve one of them.
        sent: True if the service, and not a check before any request, has refused something.
        notes: remarks for the outcome.
        dropped: the run stops: whatever becomes of its parts, the item ends as the journal has it.
        met: the code with which an earlier run has ended it, if it is tried again; '' otherwise.
    """

    look: bool = False
    problems: list[Problem] = field(factory=list)
    transient: bool = False
    sent: bool = False
    notes: list[str] = field(factory=list)
    dropped: bool = False
    met: str = ""

    @property
    @abstractmethod
    def name(self) -> str:
        """Name in messages."""

    @property
    @abstractmethod
    def origin(self) -> str:
        """Place in the input, '' if unknown."""

    @property
    def work(self) -> Self:
        """The item itself, so that an item and a part of one can be treated alike."""
        return self

    @property
    def is_part(self) -> bool:
        """False: it is the item itself."""
        return False

    def add_problem(self, source: str, error: MIError, *, transient: bool) -> Problem:
        """Add a problem."""
        problem = Problem(source or self.origin or self.name, code_of(error), text_of(error))
        self.problems.append(problem)
        self.transient = self.transient or transient
        self.sent = self.sent or not isinstance(error, LOCAL)
        return problem


Work = TypeVar("Work", bound=WorkItem)
Work_co = TypeVar("Work_co", bound=WorkItem, covariant=True)


class Movable(Protocol[Work_co]):
    """Movable thing of a pipeline: a work item, or a part of one."""

    @property
    def name(self) -> str:
        """Name in messages."""
        ...

    @property
    def work(self) -> Work_co:
        """The work item; of a work item, itself."""
        ...

    @property
    def is_part(self) -> bool:
        """True for a part of an item."""
        ...


Moves: TypeAlias = tuple[tuple[StrEnum, Movable[Work]], ...]
"""The next moves: members of the pipeline's enum of stages, or ``END``, and what goes there."""


def code_of(error: MIError) -> str:
    """Return a failure in one word: the service's code, a reason, or the class."""
    match error:
        case APIError(code=str(code)) if code:
            return code
        case PersonKnownError():
            return KNOWN
        case UploadFailedError(reason=reason) | ImageRejectedError(reason=reason) | MediaRejectedError(reason=reason):
            return reason
        case _:
            return type(error).__name__


def text_of(error: MIError) -> str:
    """Return a failure as a sentence, without how Python would find a job again: the next run does it."""
    if isinstance(error, APIError) and (error.operation, error.code) in EXPLAINED:
        return f"{EXPLAINED[error.operation, error.code]}: {error}"
    return error.brief if isinstance(error, JobTimeoutError) else str(error)
