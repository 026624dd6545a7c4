"""What every item under way has, whatever is done with it: what went wrong, and whether to look before repeating.

Law: asks and sends nothing; knows neither persons nor films.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, TypeAlias

from attrs import define, field

from mi_async.bulk.engine.outcome import Problem
from mi_async.errors import (
    APIError,
    ImageRejectedError,
    InvalidArgumentError,
    JobTimeoutError,
    MediaRejectedError,
    MIError,
    ResourceError,
    UploadFailedError,
)

Moves: TypeAlias = tuple[tuple[str, Any], ...]
"""What goes where next: the name of a stage, and who goes there."""
EXPLAINED: Mapping[tuple[str | None, str], str] = {
    ("persons.set_thumbnails", "10068"): "the person cannot have more thumbnails",
    ("persons.add_tags", "10068"): "the person cannot have more tags",
}
"""Meanings of refusals whose text says only that something is full, by operation and code."""
END = "end"
"""Where works go that are over."""
LOCAL = (ImageRejectedError, MediaRejectedError, InvalidArgumentError, ResourceError)
"""Failures that come before any request."""


@define(eq=False, kw_only=True)
class WorkItem(ABC):
    """One item of the input under way.

    Attributes:
        look: an effect at the service may have been hidden by a failure: look before repeating.
        problems: what went wrong.
        transient: whether any of it may go better another time.
        sent: whether any of it was refused by the service, and not before.
        notes: what is worth telling.
        dropped: the run stops: whatever becomes of its parts, the item ends as the journal has it.
        met: the code with which an earlier run has ended it, if it is to be tried again; '' otherwise.
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
        """How messages call it."""

    @property
    @abstractmethod
    def origin(self) -> str:
        """Where it was read, '' when it was not read from anywhere."""

    def add_problem(self, source: str, error: MIError, *, transient: bool) -> Problem:
        """Note what went wrong."""
        problem = Problem(source or self.origin or self.name, code_of(error), text_of(error))
        self.problems.append(problem)
        self.transient = self.transient or transient
        self.sent = self.sent or not isinstance(error, LOCAL)
        return problem


def code_of(error: MIError) -> str:
    """A failure in one word: the service's code, a reason, or the class."""
    match error:
        case APIError(code=str(code)) if code:
            return code
        case UploadFailedError(reason=reason) | ImageRejectedError(reason=reason) | MediaRejectedError(reason=reason):
            return reason
        case _:
            return type(error).__name__


def text_of(error: MIError) -> str:
    """Return a failure as a sentence, without how Python would find a job again: the next run does it."""
    if isinstance(error, APIError) and (error.operation, error.code) in EXPLAINED:
        return f"{EXPLAINED[error.operation, error.code]}: {error}"
    return error.brief if isinstance(error, JobTimeoutError) else str(error)
