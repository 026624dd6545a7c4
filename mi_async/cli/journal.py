"""``journal``: the journals of bulk runs: show, list failures, report, export, retry, rebuild, repair.

Invariant: only ``retry`` changes anything; what may be long is written as it is read.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import attrs
from cyclopts import App, Parameter

from mi_async._core import json_codec
from mi_async._core.csv_lines import MARK, csv_line
from mi_async._core.extras import require
from mi_async.bulk.journal.records import UPLOAD, AssetRecord, ImageRecord, PersonRecord
from mi_async.bulk.report.advice import advice
from mi_async.cli import event_loop
from mi_async.cli.journal_page import report
from mi_async.cli.journal_rebuild import rebuild
from mi_async.cli.listing import ListingOptions
from mi_async.cli.output import Form, Output, show, show_each
from mi_async.cli.streams import stderr, stdout
from mi_async.text import one_line

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from mi_async.bulk.journal.reader import AssetProblemRow, JournalReader, ProblemRow

File: TypeAlias = Annotated[str, Parameter(name="FILE", help="The journal of a bulk run, as --journal named it.")]
New: TypeAlias = Annotated[Path, Parameter(name="NEW", help="The new journal, which must not exist yet.")]
Code: TypeAlias = Annotated[
    str | None, Parameter(help="Only items that failed with this code: 50005, OVER_SIZE_LIMIT, resolution, ...")
]
Row: TypeAlias = dict[str, Any]
Entry: TypeAlias = tuple[PersonRecord, tuple[ImageRecord, ...]]

WHOLE = ListingOptions()
RETRY = "see the message; the next run retries failed items after mi-async journal retry"
"""Advice for a code that has none of its own."""
AT_ONCE = 256
"""Lines that are written at once."""
PERSON = tuple(member.name for member in attrs.fields(PersonRecord))
PICTURE = tuple(member.name for member in attrs.fields(ImageRecord) if member.name != "person")
BOTH = frozenset(PERSON) & frozenset(PICTURE)


def show_journal(file: File, /, *, output: Output = "json") -> None:
    """Show the workspace of a journal, its runs, its items by status, and abandoned uploads of images.

    A run without an end is still running, or was killed. Of a journal in PostgreSQL the processes that work with it
    now are shown too, each with its shards of the input.
    """
    with _open(file) as reader:
        parts = _parts(reader)
        left = [] if reader.has_assets else [attrs.asdict(row) for row in reader.abandoned()]
        if output != "table":
            show(parts if reader.has_assets else parts | {"abandoned": left}, output)
            return
        members = [row | {"lapses": _lapses(row["lapses"])} for row in parts.pop("members", [])]
        endings = _endings(reader)
        runs = [row | {"ending": endings[row["number"]]} | _moments(row) for row in parts.pop("runs")]
        show({_titled(name, reader): _counted(part) for name, part in parts.items()}, "table")
        show(runs, "table")
        for more in (members, left):
            if more:
                show(more, "table")


def failed(file: File, /, *, code: Code = None, listing: ListingOptions = WHOLE, output: Output = "json") -> None:
    """List the items that failed, each with its code, message, source and advice.

    Items with status failed are retried only after "journal retry", parked ones by the next run. A person who failed
    because of an image is listed as that image, with the state that it reached.
    """
    columns = listing.wanted(output)
    with _open(file) as reader:
        problems = islice(reader.problems(code), listing.limit)
        event_loop.run(show_each(_advised(problems, output), output, columns=columns))
        codes = reader.codes()
        if output == "table":
            for name in codes if code is None else codes.keys() & {code}:
                stderr().write(f"{one_line(name)}: {advice(name).text or RETRY}\n")
        if code is not None and code not in codes:
            _say_none(code, codes)


def export(file: File, /, *, format: Literal["jsonl", "csv"] = "jsonl") -> None:  # noqa: A002  the option's name
    """Write every person with its images, or every media file, to stdout, in the order of their names.

    Args:
        format: jsonl has a line for each person, with its images in it; csv has a line for each image or file, for
            spreadsheets, with ' before a text that would be a formula.
    """
    with _open(file) as reader:
        if reader.has_assets:
            _write((_asset_json if format == "jsonl" else _asset_csv)(reader.assets()))
            return
        _write(_json_lines(reader.entries()) if format == "jsonl" else _csv_lines(reader.entries()))


def retry(file: File, /, *, code: Code = None, output: Output = "json") -> None:
    """Reopen failed items for the next run; refused while a run uses the journal."""
    require("bulk")
    from mi_async.bulk.journal.retry import retry_failed  # noqa: PLC0415  brings SQLAlchemy, an extra

    opened = attrs.asdict(retry_failed(file, code=code))
    show(opened, output)
    if not any(opened.values()):
        with _open(file) as reader:
            _say_none(code, reader.codes(failed=True))


def _say_none(code: str | None, codes: Mapping[str, int]) -> None:
    """Print that nothing was found, and the codes that there are: a code is easily misspelt."""
    found = "nothing has failed" if code is None else f"nothing has failed with code {code}"
    there = ", ".join(f"{name} ({number:,})" for name, number in codes.items())
    stderr().write(f"{one_line(f'{found}; codes: {there}' if there else found)}\n")


def repair(file: File, new: New, /, *, output: Output = "json") -> None:
    """Copy the readable part of a damaged journal into a new one; give that to the next run with --journal."""
    require("bulk")
    from mi_async.bulk.journal.repair import rebuild_journal  # noqa: PLC0415  brings SQLAlchemy, an extra

    show(attrs.asdict(rebuild_journal(file, new)), output)


def journal_app(name: str) -> App:
    """Return the commands about journals under this name."""
    app = App(name=name)
    app.command(show_journal, name="show")
    app.command(failed)
    app.command(report)
    app.command(export)
    app.command(retry)
    app.command(rebuild)
    app.command(repair)
    return app


def _open(file: str) -> "AbstractContextManager[JournalReader]":
    require("bulk")
    from mi_async.bulk.journal.reader import read_journal  # noqa: PLC0415  brings SQLAlchemy, an extra

    return read_journal(file)


def _parts(reader: "JournalReader") -> Row:
    identity = attrs.asdict(reader.identity)
    return {
        "journal": str(reader.path),
        **identity,
        "access_key": reader.masked_key,
        "schema": reader.schema,
        "created": reader.created,
        "software": reader.software,
        **_counts(reader),
        "runs": [attrs.asdict(run) for run in reader.runs()],
    } | _shared(reader)


def _shared(reader: "JournalReader") -> Row:
    """Return what only a journal has that processes share."""
    shards = reader.shards()
    return {"shards": shards, "members": [attrs.asdict(row) for row in reader.members()]} if shards else {}


def _counts(reader: "JournalReader") -> dict[str, Mapping[str, int]]:
    """Return the numbers of items by status, the items of the input first."""
    how, where = ("assets", "reached") if reader.has_assets else ("persons", "pictures")
    counts = {how: reader.statuses(), where: reader.states()}
    return dict(reversed(counts.items())) if _is_of_pictures(reader) else counts


def _is_of_pictures(reader: "JournalReader") -> bool:
    """Return True if its items are single images, for persons who exist already."""
    return reader.identity.operation == UPLOAD


def _titled(name: str, reader: "JournalReader") -> str:
    """Return the heading of a part."""
    last = name == "persons" and _is_of_pictures(reader)
    return "persons, by their last picture" if last else name.replace("_", " ")


def _counted(part: object) -> object:
    """Return counts by name as text; anything else as it is."""
    return ", ".join(f"{count:,} {name}" for name, count in part.items()) if isinstance(part, Mapping) else part


def _endings(reader: "JournalReader") -> Mapping[int, str]:
    from mi_async.bulk.report.journal_report import run_endings  # noqa: PLC0415  brings SQLAlchemy, an extra

    return run_endings(reader)


def _lapses(seconds: float) -> str:
    return f"in {seconds} s" if seconds > 0 else f"{-seconds} s ago: killed, or stands still"


def _moments(row: Row) -> Row:
    """Return the times of a row to the second, with a blank where a line may end."""
    return {name: row[name] and row[name][:19].replace("T", " ") for name in ("started", "ended")}


async def _advised(rows: "Iterable[ProblemRow | AssetProblemRow]", output: Form) -> AsyncIterator[Row]:
    """Yield the rows, each with its advice, except for a table, which has no room for it."""
    for row in rows:
        more = {"advice": advice(row.code).text or RETRY} if output != "table" else {}
        yield attrs.asdict(row) | more


def _json_lines(entries: Iterable[Entry]) -> Iterator[bytes]:
    for person, images in entries:
        row = _members(person) | {"pictures": [_members(image) for image in images]}
        yield json_codec.dumps(row, option=json_codec.LINE)


def _csv_lines(entries: Iterable[Entry]) -> Iterator[bytes]:
    yield MARK + csv_line([*PERSON, *[f"picture_{name}" if name in BOTH else name for name in PICTURE]])
    for person, images in entries:
        whose = [getattr(person, name) for name in PERSON]
        for image in images:
            members = _members(image)
            yield csv_line([*whose, *[members[name] for name in PICTURE]])
        if not images:
            yield csv_line([*whose, *[""] * len(PICTURE)])


def _asset_json(rows: Iterable[AssetRecord]) -> Iterator[bytes]:
    for row in rows:
        yield json_codec.dumps(attrs.asdict(row), option=json_codec.LINE)


def _asset_csv(rows: Iterable[AssetRecord]) -> Iterator[bytes]:
    names = [member.name for member in attrs.fields(AssetRecord)]
    yield MARK + csv_line(names)
    for row in rows:
        yield csv_line([getattr(row, name) for name in names])


def _members(record: PersonRecord | ImageRecord) -> Row:
    """Return a record by column; of an image without the person, and with its time in ISO 8601."""
    if isinstance(record, PersonRecord):
        return {name: getattr(record, name) for name in PERSON}
    at = datetime.fromtimestamp(record.stored_at, UTC).isoformat(timespec="seconds") if record.stored_at else None
    return {name: getattr(record, name) for name in PICTURE} | {"stored_at": at}


def _write(lines: Iterator[bytes]) -> None:
    out = stdout()
    while some := b"".join(islice(lines, AT_ONCE)):
        out.write_bytes(some)
