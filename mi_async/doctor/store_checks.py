"""Checks of what several processes share: the quota store and the journal.

Invariant: reads alone; nothing is made where nothing is.
"""

import asyncio

from mi_async._core.extras import missing_of
from mi_async.doctor.models import CheckResult, failed, fine, not_tried
from mi_async.doctor.subject import Subject
from mi_async.errors import MIError
from mi_async.text import duration


async def check_quota_store(subject: Subject) -> CheckResult:
    """Make one request to the quota store that changes nothing."""
    if subject.settings.quota_store is None:
        return not_tried("none was named: --quota-store, MI_ASYNC_QUOTA_STORE", asked=False)
    clock = subject.settings.clock
    begun = clock.steady()
    try:
        await (await subject.session()).check_quota_store()
    except MIError as error:
        return failed(str(error), "check its URL, and that it runs")
    return fine(f"answers in {duration(clock.steady() - begun)}")


async def check_journal(subject: Subject) -> CheckResult:
    """Open the journal to read it."""
    journal = subject.journal
    if journal is None:
        return not_tried("none was named: --journal", asked=False)
    if missing := missing_of("bulk"):
        return not_tried(f"{' and '.join(missing)} is not installed: pip install 'mi-async[bulk]'")
    try:
        return fine(await asyncio.to_thread(_described, journal))
    except MIError as error:
        return failed(str(error), "check its path or URL; mi-async journal show says more")


def _described(journal: str) -> str:
    from mi_async.bulk.journal.backend import journal_exists  # noqa: PLC0415  an extra
    from mi_async.bulk.journal.place import shown_journal  # noqa: PLC0415  as above
    from mi_async.bulk.journal.reader import read_journal  # noqa: PLC0415  as above

    if not journal_exists(journal):
        return f"{shown_journal(journal)}: none yet, the first run makes it"
    with read_journal(journal) as reader:
        return f"{shown_journal(journal)}: {reader.identity.operation} in {reader.identity.workspace}"
