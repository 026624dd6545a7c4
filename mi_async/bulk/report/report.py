"""Report of a bulk run: a frozen value of a few kilobytes, whatever the length of the input.

Invariant: holds figures and the first problems; rows of single items are read from the journal when asked for.
"""

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from attrs import field, frozen

from mi_async import notebook
from mi_async.bulk.engine.outcome import MOST_PROBLEMS, WELL, BulkOutcome, Status
from mi_async.bulk.engine.progress import BulkProgress, counter
from mi_async.bulk.inputs.input_facts import NO_FACTS, InputFacts
from mi_async.bulk.journal.place import Journalled, JournalUrl, shown_journal
from mi_async.bulk.report import export, wording
from mi_async.bulk.report.advice import advice
from mi_async.models import Serializable, internal
from mi_async.text import aligned, one_line, size, span

MINUTE = 60


@frozen(kw_only=True)
class BulkReport(Serializable):
    """Report of a bulk run that has ended.

    Attributes:
        journal: path of the journal, which has every person and image, or its URL without a password.
        run: number of the run in the journal; of a run that processes share, that of the first of them.
        ending: '' after the whole input, ``cancelled``, or what stopped the run.
        counts: items that ended, by status; 0 for a status without any.
        open: items that were in flight when the run was stopped; the next run resumes them.
        total: items of the input, None if unknown.
        pictures: images whose upload began in this run and that the service has taken over and not refused, as the
            journal has them: those of an earlier run that this one has found there are not counted again.
        confirmed: completion checks that answered done, those about images of an earlier run too.
        seconds: duration of the run, on the session's clock.
        ceiling: completion checks that the quota allows per minute, None without a quota.
        checks: completion checks made; None, as pool and refused, where it is not known: a journal does not say.
        pool: adaptive limit on uploads in flight, at the end.
        refused: 429 answers that the session met.
        abandoned: uploads that were started over; their keys are in the journal, and expire after 24 hours.
        problems: the first items that did not go well, at most 20.
        sent: bytes of media files that were stored; None for a run over persons, for whom pictures, ceiling, checks,
            pool and abandoned are.
        named: persons to whom the plan of a curation has given a name so far, by all runs of it; None for other runs.
        merged: persons that it has merged into others, for good, likewise.
        facts: encoding of the input, and what was passed over.
        url: of a journal in PostgreSQL, with its password if it has one; a pickle has none.
    """

    journal: str
    run: int
    ending: str = ""
    counts: Mapping[Status, int] = field(factory=Counter, converter=counter)
    open: int = 0
    total: int | None = None
    pictures: int = 0
    confirmed: int = 0
    seconds: float = 0.0
    ceiling: float | None = None
    checks: int | None = 0
    pool: int | None = 0
    refused: int | None = 0
    abandoned: int = 0
    problems: tuple[BulkOutcome, ...] = ()
    sent: int | None = None
    named: int | None = None
    merged: int | None = None
    facts: InputFacts = NO_FACTS
    url: JournalUrl | None = field(default=None, repr=False, eq=False, metadata=internal())

    @classmethod
    def at(
        cls,
        progress: BulkProgress,
        *,
        journal: Journalled,
        run: int,
        ending: str = "",
        abandoned: int = 0,
        problems: Sequence[BulkOutcome] = (),
        facts: InputFacts = NO_FACTS,
    ) -> "BulkReport":
        """Return the report of a run that has come to this point."""
        return cls(
            journal=shown_journal(journal),
            url=journal if isinstance(journal, JournalUrl) else None,
            run=run,
            ending=ending,
            counts=Counter({status: number for status in Status if (number := progress.counts.get(status))}),
            open=progress.open,
            total=progress.total,
            pictures=progress.pictures,
            confirmed=progress.confirmed,
            seconds=progress.elapsed,
            ceiling=progress.ceiling,
            checks=progress.checks,
            pool=progress.pool,
            refused=progress.refused,
            abandoned=abandoned,
            problems=tuple(problems[:MOST_PROBLEMS]),
            sent=progress.sent,
            facts=facts,
        )

    @property
    def place(self) -> Journalled:
        """The journal, to open it."""
        return self.url if self.url is not None and str(self.url) == self.journal else self.journal

    @property
    def ended(self) -> int:
        """Items that have ended."""
        return sum(self.counts.values())

    @property
    def ok(self) -> bool:
        """True if the whole input was gone through, and all of it is at the service."""
        return not self.ending and not self.open and not self.troubled

    @property
    def troubled(self) -> int:
        """Items that ended neither done nor skipped."""
        return sum(number for status, number in self.counts.items() if status not in WELL)

    @property
    def goodput(self) -> float:
        """Images per minute over the whole run, its beginning and end included; 0 for a run that took no time."""
        return self.pictures * MINUTE / self.seconds if self.seconds else 0.0

    @property
    def share(self) -> float | None:
        """Goodput as a share of the ceiling, None without a quota."""
        return self.goodput / self.ceiling if self.ceiling else None

    @property
    def useful(self) -> float | None:
        """Share of the completion checks that answered done; 1 without any, None if they are not known."""
        if self.checks is None:
            return None
        return self.confirmed / self.checks if self.checks else 1.0

    def __str__(self) -> str:
        """Return a plain table, and the first problems below it."""
        lines = aligned(self._figures())
        if self.problems:
            lines += ["", self._heading(), *[f"  {one_line(wording.problem(outcome))}" for outcome in self.problems]]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """Return the same for a notebook."""
        whole = notebook.show(dict(self._figures()), caption="Bulk run")
        below = notebook.table(map(wording.row, self.problems), caption=self._heading()) if self.problems else ""
        return f"{whole}{below}"

    def _figures(self) -> list[tuple[str, str]]:
        """Return names and values of the table, empty ones left out."""
        whole = f"{self.ended:,}" + (f" of {self.total:,}" if self.total is not None else "")
        how = wording.counted(self.counts)
        rows = [
            ("ended", self.ending),
            ("items", f"{whole}: {how}" if how else whole),
            ("done", self._deeds()),
            *self.facts.rows(),
            ("under way", f"{self.open:,} when it stopped" if self.open else ""),
            self._work(),
            ("checks", f"{self.checks:,} for completion" if self.checks else ""),
            ("429s", f"{self.refused:,}; each was tried again" if self.refused else ""),
            (
                "abandoned",
                f"{self.abandoned:,}; uploads started over, keys in the journal" if self.abandoned else "",
            ),
            ("journal", one_line(self.journal)),
        ]
        return [(name, said) for name, said in rows if said]

    def _deeds(self) -> str:
        """Return what a curation has done, as its plan says it; '' for another run."""
        if self.named is None:
            return ""
        return f"{self.named:,} named, {self.merged or 0:,} merged for good"

    def _work(self) -> tuple[str, str]:
        """Return what was uploaded, and the rate: images, or bytes of media files."""
        took = span(self.seconds)
        if self.sent is not None:
            return "sent", f"{size(self.sent)} in {took}"
        if not self.pictures and self.ceiling is None:  # a run that has nothing to upload, such as a curation
            return "took", took
        pace = wording.whole_pace(self.pictures, self.seconds, self.ceiling)
        return "pictures", f"{self.pictures:,} in {took}{pace and f': {pace}'}"

    def _heading(self) -> str:
        shown = len(self.problems)
        rest = "" if self.troubled <= shown else f", the first {shown} of {self.troubled:,}; all are in the journal"
        return f"problems{rest}:"

    def as_dict(self) -> dict[str, Any]:
        """Return the report as a JSON object; counts have every status, goodput is per minute, advice is by code."""
        whole = {
            "ok": self.ok,
            "ending": self.ending,
            "counts": {status.value: self.counts.get(status, 0) for status in Status},
            "open": self.open,
            "total": self.total,
            "seconds": round(self.seconds, 3),
            "refused": self.refused,
            "journal": self.journal,
            "run": self.run,
            "problems": [outcome.as_row() for outcome in self.problems],
            **self.facts.as_dict(),
            "advice": self._advice(),
        }
        curated = {} if self.named is None else {"named": self.named, "merged": self.merged}
        return whole | curated | (self._of_pictures() if self.sent is None else {"sent": self.sent})

    def _advice(self) -> dict[str, str]:
        """Return the advice for the problems that it holds, by code."""
        codes = sorted({problem.code for outcome in self.problems for problem in outcome.problems})
        return {code: advice(code).text for code in codes if advice(code).text}

    def _of_pictures(self) -> dict[str, Any]:
        return {
            "pictures": self.pictures,
            "goodput": round(self.goodput, 1),
            "ceiling": self.ceiling,
            "share": None if self.share is None else round(self.share, 4),
            "checks": self.checks,
            "useful": None if self.useful is None else round(self.useful, 4),
            "pool": self.pool,
            "abandoned": self.abandoned,
        }

    def rows(self) -> Iterator[dict[str, Any]]:
        """Return the outcome of every item, read from the journal a few at a time, in the order of their keys.

        Each is a JSON object with the members of :class:`BulkOutcome`, as the journal has the person now: ``status`` of
        one that this run has skipped is how it ended before (``done``), of one that was under way it is ``open``, and
        ``attached`` counts all pictures that the person was given with this journal. A person that a later run with
        the journal has seen belongs to that run's report.

        Raises:
            JournalError: the journal cannot be read.
        """
        return export.outcome_rows(self.place, self.run)

    def write(self, path: str | os.PathLike[str], *, force: bool = False) -> None:
        """Write the rows to a file, one JSON object to a line; the file is replaced as a whole, or stays as it was.

        Args:
            path: of the file; ``/dev/stdout``, ``/dev/null`` and pipes are written as they are.
            force: replace a file that is no report of ours. The journal, images, media files, databases and archives
                are never replaced.

        Raises:
            BulkError: the file cannot be written, or exists and must not be replaced.
            JournalError: the journal cannot be read.
        """
        export.write_report(self.place, self.run, path, force=force)

    def to_dataframe(self) -> Any:
        """Return the rows as a ``pandas.DataFrame``, which is in memory as a whole.

        Columns of a run over persons: ``key`` (string), ``status`` (category), ``person_id`` (Int64, <NA> for none),
        ``attached`` (int64), ``origin`` (string), ``problems`` (int64, how many), and of the first problem ``code``,
        ``message`` and ``source`` (string, <NA> for none). Of media files there are ``asset_id``, ``place``, ``state``
        and ``size`` in the place of ``person_id`` and ``attached``.

        Raises:
            ConfigError: pandas is not installed.
            JournalError: the journal cannot be read.
        """
        return export.data_frame(self.place, self.run)
