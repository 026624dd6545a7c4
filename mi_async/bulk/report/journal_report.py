"""The report and the progress of the latest run in a journal, for anybody and at any time.

Invariant: from the journal alone; of a run that many processes share it is the one truth, whatever became of them.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import UTC, datetime

from attrs import evolve

from mi_async._core.extras import require
from mi_async.bulk.engine.outcome import MOST_PROBLEMS, BulkOutcome, Status
from mi_async.bulk.engine.progress import BulkProgress
from mi_async.bulk.journal.actions import ActionKind
from mi_async.bulk.journal.confirmed_plan import done_of
from mi_async.bulk.journal.place import Journalled, parsed
from mi_async.bulk.journal.reader import JournalReader, RunRow, read_journal
from mi_async.bulk.journal.records import CURATE, OPEN
from mi_async.bulk.journal.run_totals import RunTotals, first_assets, first_persons, run_pictures, run_totals
from mi_async.bulk.report.export import asset_outcome, person_outcome
from mi_async.bulk.report.report import BulkReport

RUNNING = "still running"
KILLED = "killed"
FINISHED = "finished"


def report_of(journal: Journalled) -> BulkReport:
    """Return the report of the latest run; of a shared run, of what all its processes have done so far.

    ``counts`` are of the items that the run has seen, as the journal has them: what an earlier run had done is
    ``done`` and not ``skipped``. ``pictures`` are the images whose upload began in the run and that the service has
    taken over and not refused: each once, whatever was killed meanwhile. ``checks``, ``pool``, ``refused`` and
    ``ceiling`` are not known from a journal: None.

    Args:
        journal: path of the file, or its URL.

    Raises:
        JournalError: the journal cannot be read.
        ConfigError: an extra is not installed.
    """
    require("bulk")
    place = parsed(journal)
    with read_journal(place) as reader:
        return report_in(reader, place)


def report_in(reader: JournalReader, place: Journalled) -> BulkReport:
    """Return the same, of a journal that is open, under the name that it was given."""
    totals = run_totals(reader)
    report = BulkReport.at(
        _progress(totals, has_assets=reader.has_assets),
        journal=place,
        run=totals.run,
        ending=_ending(totals),
        abandoned=totals.abandoned,
        problems=_problems(reader, totals.run),
    )
    return _with_deeds(evolve(report, checks=None, pool=None, refused=None), reader)


def _with_deeds(report: BulkReport, reader: JournalReader) -> BulkReport:
    """Return the report of a curation with what its plan has done so far; any other one as it is."""
    if reader.identity.operation != CURATE:
        return report
    done = done_of(reader.connection)
    return evolve(report, named=done.get(ActionKind.NAME.value, 0), merged=done.get(ActionKind.MERGE.value, 0))


def run_endings(reader: JournalReader) -> Mapping[int, str]:
    """Return how each run ended, by its number; nobody can tell the living runs of a file."""
    living = {member.run for member in reader.members() if member.lives} if reader.is_shared else None
    return {run.number: run.ending or _run_ending(run, living) for run in reader.runs()}


def _run_ending(run: RunRow, living: Collection[int] | None) -> str:
    if run.ended is not None:
        return FINISHED
    if living is None:
        return f"{RUNNING}, or {KILLED}"
    return RUNNING if run.number in living else KILLED


def shared_report(own: BulkReport) -> BulkReport:
    """Return the report of a shared run, to which a process has come to its end.

    Args:
        own: of the process; it is the whole one, with more in it, if no other process took part.

    Raises:
        JournalError: the journal cannot be read.
    """
    with read_journal(own.place) as reader:
        totals = run_totals(reader)
    if (totals.run, totals.processes) == (own.run, 1):
        return evolve(own, pictures=totals.pictures)
    whole = report_of(own.place)
    return evolve(whole, ending=own.ending or whole.ending, facts=own.facts, total=own.total)


def own_report(own: BulkReport) -> BulkReport:
    """Return the report of a run of one process with its images as the journal has them.

    Raises:
        JournalError: the journal cannot be read.
    """
    if own.sent is not None:
        return own
    with read_journal(own.place) as reader:
        return _with_deeds(evolve(own, pictures=run_pictures(reader, own.run)), reader)


def progress_of(journal: Journalled) -> BulkProgress:
    """Return the progress of the latest run; of a shared run, that of all its processes.

    Raises:
        JournalError: the journal cannot be read.
        ConfigError: an extra is not installed.
    """
    require("bulk")
    with read_journal(parsed(journal)) as reader:
        return _progress(run_totals(reader), has_assets=reader.has_assets)


def _progress(totals: RunTotals, *, has_assets: bool) -> BulkProgress:
    return BulkProgress(
        counts=_counts(totals.statuses),
        open=totals.statuses.get(OPEN, 0),
        pictures=totals.pictures,
        elapsed=_seconds(totals),
        sent=totals.sent if has_assets else None,
    )


def _counts(statuses: Mapping[str, int]) -> Counter[Status]:
    return Counter({Status(name): number for name, number in statuses.items() if name != OPEN})


def _seconds(totals: RunTotals) -> float:
    """Return the duration: until now, if a process of the run has not ended."""
    if not totals.started:
        return 0.0
    until = datetime.now(UTC) if totals.ended is None else datetime.fromisoformat(totals.ended)
    return max(0.0, (until - datetime.fromisoformat(totals.started)).total_seconds())


def _ending(totals: RunTotals) -> str:
    """Return '' if the whole input was gone through, else why not."""
    done, number = totals.shards.get("done", 0), sum(totals.shards.values())
    if not number:
        return totals.ending if totals.ended is not None or totals.ending else f"{RUNNING}, or {KILLED}"
    if done == number:
        return ""
    how = f"{RUNNING}, by {totals.members}" if totals.members else totals.ending or KILLED
    return f"{how}; {done} of {number} shards done"


def _problems(reader: JournalReader, run: int) -> list[BulkOutcome]:
    if reader.has_assets:
        return [asset_outcome(row) for row in first_assets(reader, run, MOST_PROBLEMS)]
    return [person_outcome(*found) for found in first_persons(reader, run, MOST_PROBLEMS)]
