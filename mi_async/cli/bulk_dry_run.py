"""``--dry-run`` of the bulk commands: the plan of a run, and signs of life while it is made."""

from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import aclosing
from typing import TypeVar

from mi_async.bulk.journal.place import Journalled, journal_error
from mi_async.bulk.plan.dedup import existing
from mi_async.bulk.plan.dry_run import DryRun
from mi_async.cli import output
from mi_async.cli.bulk_advice import advise, warn_of_no_items
from mi_async.cli.connection import InWorkspace
from mi_async.cli.streams import print_note, stdout
from mi_async.errors import BulkError
from mi_async.text import quantity

T = TypeVar("T")
OFTEN = 100_000
"""Items between two signs of life."""


def journal_of(path: Journalled, workspace: str) -> Journalled | None:
    """Return the journal if it exists and is about this workspace.

    Raises:
        JournalError: a run over another workspace has begun with it.
    """
    if existing(path) is None:
        return None
    from mi_async.bulk.journal.reader import read_journal  # noqa: PLC0415  brings SQLAlchemy, an extra

    with read_journal(path) as reader:
        its = reader.identity.workspace
        if its != workspace and reader.begun:
            raise journal_error(path, f"it belongs to workspace {its!r}, and this is about {workspace!r}")
        return path if its == workspace else None


def print_plan(plan: DryRun, source: str, service: InWorkspace, *, may_fit: bool) -> None:
    """Print a plan.

    Raises:
        BulkError: an item would not go well.
    """
    warn_of_no_items(source, plan.items)
    if service.output == "table":
        stdout().write(f"{plan}\n")
    else:
        output.show(plan.as_dict(), service.output)
    judge_plan(plan, may_fit=may_fit)


def judge_plan(plan: DryRun, *, may_fit: bool) -> None:
    """Fail if not all would go well.

    Raises:
        BulkError: an item would not.
    """
    if plan.troubled:
        error = BulkError(f"{plan.troubled:,} of {quantity(plan.items, 'item')} would not go well")
        advise(error, plan.reasons, may_fit=may_fit)
        raise error


def items_counted(items: Iterator[T]) -> Generator[T]:
    """Yield the items, and print their number now and then."""
    for number, item in enumerate(items, 1):
        yield item
        _print_number(number)


async def counted_async(items: AsyncGenerator[T]) -> AsyncGenerator[T]:
    """Do the same for items that come from the network; closes them."""
    number = 0
    async with aclosing(items):
        async for item in items:
            number += 1
            yield item
            _print_number(number)


def _print_number(number: int) -> None:
    if not number % OFTEN:
        print_note(f"{quantity(number, 'item')} read")
