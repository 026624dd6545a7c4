"""Results of a diagnosis: one for each check, and all of them.

Invariant: values only; texts are one line each and hold no secret.
"""

from enum import Enum
from typing import Any

from attrs import field, frozen

from mi_async.errors import APIError, MIError
from mi_async.text import aligned


class CheckStatus(Enum):
    """Status of a check."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    NOT_TRIED = "not tried"


@frozen
class CheckResult:
    """Result of one check.

    Attributes:
        status: ``CheckStatus.OK``, ``WARNING``, ``FAILED`` or ``NOT_TRIED``.
        text: what was found, or why it was not tried.
        remedy: what to do; '' where there is nothing to do.
        name: of the check, such as ``signature``.
        asked: False where nobody has named what it checks: a journal, a quota store, a bucket.
    """

    status: CheckStatus
    text: str
    remedy: str = ""
    name: str = ""
    asked: bool = field(default=True, repr=False)

    def __str__(self) -> str:
        """Return what was found and what to do, on one line."""
        return f"{self.text}; {self.remedy}" if self.remedy else self.text


@frozen
class Diagnosis:
    """Results of all checks; ``str()`` of it has a line for each.

    Attributes:
        results: in the order in which they are shown.
    """

    results: tuple[CheckResult, ...]

    @property
    def ok(self) -> bool:
        """True if no check failed; warnings and checks that were not tried do not count."""
        return all(each.status is not CheckStatus.FAILED for each in self.results)

    def __getitem__(self, name: str) -> CheckResult:
        """Return the result of a check by its name."""
        return next(each for each in self.results if each.name == name)

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it: ``{"ok": ..., "checks": [{"name", "status", "text", "remedy"}, ...]}``."""
        checks = [
            {"name": each.name, "status": each.status.value, "text": each.text, "remedy": each.remedy}
            for each in self.results
        ]
        return {"ok": self.ok, "checks": checks}

    def __str__(self) -> str:
        return "\n".join(aligned([(each.status.value, each.name, str(each)) for each in self.results]))


def fine(text: str) -> CheckResult:
    """Return the result of a check that found nothing wrong."""
    return CheckResult(CheckStatus.OK, text)


def warning(text: str, remedy: str) -> CheckResult:
    """Return the result of a check that found something which may do harm."""
    return CheckResult(CheckStatus.WARNING, text, remedy)


def failed(text: str, remedy: str) -> CheckResult:
    """Return the result of a check that found what has to be mended."""
    return CheckResult(CheckStatus.FAILED, text, remedy)


def not_tried(reason: str, *, asked: bool = True) -> CheckResult:
    """Return the result of a check that was left out."""
    return CheckResult(CheckStatus.NOT_TRIED, reason, asked=asked)


def error_text(error: MIError) -> str:
    """Return what an error says, without what it says of the key: that is the remedy, or another check's result."""
    return str(error).partition(f"; {error.key}")[0] if isinstance(error, APIError) and error.key else str(error)
