"""Cost of a run: calls of operations, and the time that they take at the full quota.

Invariant: pure, but for the file of problems that ``keeping`` writes.
"""

import os
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import ExitStack, contextmanager

from attrs import frozen

from mi_async._core.operation import Quota
from mi_async._core.output_file import OutputFile
from mi_async.api import operations
from mi_async.bulk.engine.outcome import MOST_PROBLEMS, BulkOutcome, Problem, is_placed, item_name
from mi_async.bulk.journal.place import Journalled
from mi_async.bulk.report.export import line, rows_file
from mi_async.errors import InvalidArgumentError
from mi_async.text import encodable, one_line, span

MINUTE = 60.0


@frozen
class Cost:
    """Calls of one operation.

    Attributes:
        operation: its id; ``storage.put`` for the uploads themselves.
        calls: the most that there can be; of completion checks and status calls the least.
        quota: of the operation, None for no limit.
    """

    operation: str
    calls: int
    quota: Quota | None = None

    @property
    def seconds(self) -> float:
        """Seconds that so many calls take at the full quota; 0 without one."""
        return self.calls * self.quota.period / self.quota.calls if self.quota else 0.0

    def __str__(self) -> str:
        return f"{self.calls:,}" + (f" in {span(self.seconds)} at {quota_words(self.quota)}" if self.quota else "")


def quota_words(quota: Quota | None) -> str:
    """Return a quota in words: ``1,000 a minute``."""
    period = {1.0: "a second", MINUTE: "a minute"}
    return f"{quota.calls:,} {period.get(quota.period, f'in {quota.period:g} s')}" if quota else ""


def costs_of(asked: Iterable[str], counts: Mapping[str, int], quotas: Mapping[str, Quota | None]) -> tuple[Cost, ...]:
    """Return the costs of those operations that are called at all, in this order."""
    declared = {one.id: one.quota for one in operations()}
    return tuple(
        Cost(name, calls, quotas.get(name, declared.get(name))) for name in asked if (calls := counts.get(name, 0))
    )


def problem_lines(problems: Iterable[BulkOutcome]) -> list[str]:
    """Return a line for each thing that would go wrong."""
    return [
        one_line(f"{outcome.status.value}: {_placed(problem, outcome)}")
        for outcome in problems
        for problem in outcome.problems
    ]


def _placed(problem: Problem, outcome: BulkOutcome) -> str:
    """Return a message after the name of its subject, and after that of the item unless its origin is named already."""
    item = "" if is_placed(outcome) else f"{item_name(outcome)}: "
    named = problem.message.startswith(problem.source) or (item and problem.source == outcome.key)
    return f"{item}{problem.message}" if named else f"{item}{problem.source}: {problem.message}"


@contextmanager
def keeping(
    path: str | os.PathLike[str] | None,
    first: list[BulkOutcome],
    *,
    journal: Journalled | None = None,
    force: bool = False,
) -> Generator[Callable[[BulkOutcome], None]]:
    """Keep the first problems, and write all of them to a file where one is wanted, once the plan is complete.

    Raises:
        InvalidArgumentError: the file must not or cannot be written.
    """
    if path is None:
        yield lambda outcome: _keep(first, outcome)
        return
    target = rows_file(path, journal=journal, force=force)
    with ExitStack() as stack:
        with _writing(target):
            file = stack.enter_context(target.writing())

        def tell(outcome: BulkOutcome) -> None:
            _keep(first, outcome)
            with _writing(target):
                file.write(line(outcome.as_row()))

        yield tell
        with _writing(target):
            stack.close()


@contextmanager
def _writing(target: OutputFile) -> Generator[None]:
    try:
        yield
    except OSError as error:
        message = f"cannot write {encodable(target.path)}: {error.strerror or error}"
        raise InvalidArgumentError(message) from error


def _keep(first: list[BulkOutcome], outcome: BulkOutcome) -> None:
    if len(first) < MOST_PROBLEMS:
        first.append(outcome)
