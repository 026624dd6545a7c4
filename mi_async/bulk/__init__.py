"""Bulk runs: readers of inputs, plans (dry runs), and what a journal says.

Invariant: each name is loaded when it is first asked for; what needs an extra says so then.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from mi_async._core.extras import require

if TYPE_CHECKING:
    from mi_async.bulk.inputs.media_files import read_assets as read_assets
    from mi_async.bulk.inputs.readers import read_people as read_people
    from mi_async.bulk.inputs.readers import read_thumbnails as read_thumbnails
    from mi_async.bulk.journal.reader import read_journal as read_journal
    from mi_async.bulk.journal.repair import rebuild_journal as rebuild_journal
    from mi_async.bulk.journal.retry import retry_failed as retry_failed
    from mi_async.bulk.plan.enroll import plan_people as plan_people
    from mi_async.bulk.plan.enroll import plan_thumbnails as plan_thumbnails
    from mi_async.bulk.plan.ingest import plan_assets as plan_assets
    from mi_async.bulk.plan.ingest import plan_listing as plan_listing
    from mi_async.bulk.report.journal_report import progress_of as progress_of
    from mi_async.bulk.report.journal_report import report_of as report_of

_HOMES = {
    "plan_assets": "plan.ingest",
    "plan_listing": "plan.ingest",
    "plan_people": "plan.enroll",
    "plan_thumbnails": "plan.enroll",
    "progress_of": "report.journal_report",
    "read_assets": "inputs.media_files",
    "read_journal": "journal.reader",
    "read_people": "inputs.readers",
    "read_thumbnails": "inputs.readers",
    "rebuild_journal": "journal.repair",
    "report_of": "report.journal_report",
    "retry_failed": "journal.retry",
}
"""The module that each public name lives in."""

__all__ = sorted(_HOMES)  # noqa: PLE0605  # pyright: ignore[reportUnsupportedDunderAll]  # the imports above name them


def __getattr__(name: str) -> object:
    """Load a public name."""
    if (home := _HOMES.get(name)) is None:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    try:
        module = import_module(f"{__name__}.{home}")
    except ModuleNotFoundError:
        require("bulk")
        raise
    value = getattr(module, name)
    globals()[name] = value  # the next look-up does not come here
    return value


def __dir__() -> list[str]:
    """Name what can be asked for."""
    return sorted({*globals(), *_HOMES})
