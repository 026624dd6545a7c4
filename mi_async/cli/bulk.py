"""``enroll-many`` and ``upload-thumbnails``: bulk runs over a directory or a table, with a journal.

Law: running the same command again is the resume; a run that has begun leaves its report on stdout however it ends.
"""

import asyncio
import os
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, closing, nullcontext
from pathlib import Path
from typing import Annotated, Any, Protocol, TextIO, TypeVar, cast

from attrs import evolve, frozen
from cyclopts import Parameter

from mi_async._core.extras import require
from mi_async._core.output_file import OutputFile
from mi_async._core.paths import existing_path
from mi_async.bulk.inputs.facts import ItemReader, facts_of
from mi_async.bulk.inputs.readers import Read, count, read_people, read_thumbnails
from mi_async.bulk.plan.enroll import Plan, plan_people, plan_thumbnails
from mi_async.bulk.report.export import write_to
from mi_async.bulk.report.report import BulkReport
from mi_async.bulk.run import BulkRun
from mi_async.cli import event_loop, output
from mi_async.cli.service import InWorkspace, log_to_stderr
from mi_async.cli.signals import handled
from mi_async.cli.standard_input import SHOWN, STDIN, StandardInput, TableFormat, standard_input
from mi_async.cli.streams import OutputError, ReaderGoneError, stderr, stdout
from mi_async.cli.verdict import advise, after_the_run, judge, report_target
from mi_async.display.display import show as watch
from mi_async.errors import BulkError, InvalidArgumentError, JournalError, MIError
from mi_async.session import Session
from mi_async.text import one_line, span
from mi_async.workspace import Workspace

T = TypeVar("T")
AGAIN = "run the same command again"
OFTEN = 100_000
"""Items of a dry run between two signs of life."""

Input = Annotated[
    str,
    Parameter(
        name="INPUT",
        help="A directory, or a .csv, .jsonl or .parquet file; - is a table on standard input, and needs --journal.",
        allow_leading_hyphen=True,
    ),
]


@Parameter(name="*")
@frozen(kw_only=True)
class RunOptions:
    """How a bulk run goes."""

    journal: Annotated[
        Path | None,
        Parameter(help="File that remembers what is done; by default INPUT's name with .journal, in this directory."),
    ] = None
    dry_run: Annotated[
        bool,
        Parameter(
            negative=(), show_default=False, help="Make no request: tell what would be done, how much and how long."
        ),
    ] = False
    max_failures: Annotated[
        int | None, Parameter(help="Stop when more items than this did not go well in this run.")
    ] = None
    report: Annotated[Path | None, Parameter(help="Write what became of every item to this file, as JSON Lines.")] = (
        None
    )
    force: Annotated[
        bool,
        Parameter(negative=(), show_default=False, help="Let --report replace a file that is no report of ours."),
    ] = False
    grace: Annotated[
        float, Parameter(help="Seconds for which Ctrl-C, SIGTERM or SIGHUP lets what is under way come to its end.")
    ] = 30.0
    patience: Annotated[float, Parameter(help="Seconds for which a service that does not answer is waited for.")] = (
        21_600.0
    )


@Parameter(name="*")
@frozen(kw_only=True)
class FaceOptions(RunOptions):
    """How a bulk run over pictures goes."""

    fit: Annotated[
        bool,
        Parameter(
            negative=(),
            show_default=False,
            help="Convert HEIC, AVIF, TIFF, BMP and GIF images, and make smaller what is only too big.",
        ),
    ] = False
    encoding: Annotated[
        str | None,
        Parameter(help="Encoding of a table, such as cp949, shift_jis or cp1252; by default UTF-8, UTF-16 or Korean."),
    ] = None
    input_format: Annotated[
        TableFormat | None, Parameter(help="Format of a table on standard input; by default its content tells.")
    ] = None


DEFAULTS = FaceOptions()


class Planned(Protocol):
    """What a dry run has found."""

    @property
    def items(self) -> int:
        """Items of the input."""
        ...

    @property
    def troubled(self) -> int:
        """Those of them that would not go well."""
        ...

    @property
    def reasons(self) -> Mapping[str, int]:
        """What would be refused, by code."""
        ...

    def as_dict(self) -> dict[str, Any]:
        """All of it."""
        ...


@frozen
class BulkCommand:
    """What the commands do not share.

    Attributes:
        doing: what the command says when it begins.
        looking: what is said of a dry run.
        session: with the service.
        count: how many items there are, where that can be known.
        plan: what would be done, from the journal, a file of problems, and whether that replaces any file.
        start: the run of a workspace, from its further options.
    """

    doing: str
    looking: str
    session: Callable[[], AbstractAsyncContextManager[Session]]
    count: Callable[[], int | None]
    plan: Callable[[Path | None, Path | None, bool], Planned]
    start: Callable[..., BulkRun]


def _faces(doing: str, reader: Read, plan: Callable[..., Plan], start: Callable[..., BulkRun]) -> "Make":
    def make(source: str, table: StandardInput | None, options: FaceOptions, service: InWorkspace) -> BulkCommand:
        def read() -> ItemReader[Any]:
            if table is not None:
                return table.read(reader, options.encoding)
            return reader(source, encoding=options.encoding)

        def counted_before() -> int | None:
            return count(source if table is None else table.path, reader, encoding=options.encoding)

        def planned(journal: Path | None, problems: Path | None, force: bool) -> Planned:
            found = read()
            plan_of = plan(
                counted(found),
                journal=journal,
                fit=options.fit,
                problems=problems,
                force=force,
                validate=service.validate,
            )
            return evolve(plan_of, facts=facts_of(found))

        def started(workspace: Workspace, **more: Any) -> BulkRun:
            return start(workspace, items, fit=options.fit, **more)

        items = read()  # what can be no input is refused before anything else
        looking = "pictures are looked at, and no request is made"
        return BulkCommand(doing, looking, service.session, counted_before, planned, started)

    return make


Make = Callable[[str, StandardInput | None, FaceOptions, InWorkspace], BulkCommand]
ENROLL = _faces("enrolling the people of", read_people, plan_people, Workspace.enroll_many)
UPLOAD = _faces("uploading the pictures of", read_thumbnails, plan_thumbnails, Workspace.upload_thumbnails)


def enroll_many(source: Input, /, *, options: FaceOptions = DEFAULTS, service: InWorkspace) -> None:
    """Create many people with pictures and tags, at the rate that the quotas allow.

    Stopped at any moment, the same command run again goes on where it was.

    In a directory each folder is a person, and each picture beside them too.

    In a table the columns are name, thumbnails (or thumbnail), description and tags.
    """
    _over_faces(ENROLL, source, options, service)


def upload_thumbnails(source: Input, /, *, options: FaceOptions = DEFAULTS, service: InWorkspace) -> None:
    """Give many people more pictures, at the rate that the quotas allow.

    Stopped at any moment, the same command run again goes on where it was.

    In a directory the name of a folder or picture is the number of a person.

    In a table the columns are person_id, thumbnail and primary.
    """
    _over_faces(UPLOAD, source, options, service)


def _over_faces(make: Make, source: str, options: FaceOptions, service: InWorkspace) -> None:
    if source == STDIN:
        if options.journal is None and not options.dry_run:
            message = "a table on standard input has no name for a journal; give --journal FILE"
            raise InvalidArgumentError(message)
        with standard_input(options.input_format) as table:
            command(make(source, table, options, service), SHOWN, options, service)
    elif options.input_format is not None:
        message = "--input-format is for a table on standard input; give - as INPUT"
        raise InvalidArgumentError(message)
    else:
        command(make(source, None, options, service), source, options, service)


def command(job: BulkCommand, source: str, options: RunOptions, service: InWorkspace) -> None:
    """Go through an input, or tell what would be done with it.

    Raises:
        BulkError: not all is well.
        MIError: any other failure.
    """
    # Whatever Unicode form the disk or the keyboard gives its name: with another journal the run would begin anew.
    journal = Path(existing_path(options.journal or f"{Path(source).resolve().name}.journal"))
    numbers = {"--max-failures": options.max_failures, "--grace": options.grace, "--patience": options.patience}
    for name, value in numbers.items():
        if value is not None and not value >= 0:
            message = f"{name} is a number from 0, not {value:g}"
            raise InvalidArgumentError(message)
    target = report_target(options.report, source, journal, force=options.force)
    with nullcontext() if target is None else closing(target):
        if options.journal is None and not options.dry_run and not os.access(".", os.W_OK):
            place = journal.absolute()
            message = f"--journal: the journal would be {place}, where nothing can be written; give it a place"
            raise InvalidArgumentError(message)
        if options.dry_run:
            return _plan(job, source, journal, options, service)
        report = event_loop.run(_run(job, source, (journal, target), options, service))
        with after_the_run():
            return judge(report, again=AGAIN, may_fit=_may_fit(options))


def _plan(job: BulkCommand, source: str, journal: Path, options: RunOptions, service: InWorkspace) -> None:
    _say(f"planning for {source}: {job.looking}")
    plan = job.plan(_remembered(journal, service.workspace), options.report, options.force)
    _warn_of_nothing(source, plan.items)
    if service.output == "table":
        stdout().write(f"{plan}\n")
    else:
        output.show(plan.as_dict(), service.output)
    if plan.troubled:
        error = BulkError(f"{plan.troubled:,} of {plan.items:,} items would not go well")
        advise(error, plan.reasons, may_fit=_may_fit(options))
        raise error


def _remembered(journal: Path, workspace: str) -> Path | None:
    """The journal, if it has anything to tell about this workspace."""
    if not journal.exists():
        return None
    require("bulk")
    from mi_async.bulk.journal.reader import read_journal  # noqa: PLC0415  brings SQLAlchemy, an extra

    with read_journal(journal) as reader:
        its = reader.identity.workspace
        if its != workspace and reader.begun:
            message = f"journal {journal}: it belongs to workspace {its!r}, and this is about {workspace!r}"
            raise JournalError(message)
        return journal if its == workspace else None


def counted(items: Iterable[T]) -> Iterator[T]:
    """The items; who watches learns now and then how many there were."""
    for number, item in enumerate(items, 1):
        yield item
        if not number % OFTEN:
            _say(f"{number:,} items read")


async def counted_async(items: AsyncGenerator[T]) -> AsyncGenerator[T]:
    """The same of items that come from the network; closes them."""
    number = 0
    async with aclosing(items):
        async for item in items:
            number += 1
            yield item
            if not number % OFTEN:
                _say(f"{number:,} items read")


async def _run(
    job: BulkCommand, source: str, files: tuple[Path, OutputFile | None], options: RunOptions, service: InWorkspace
) -> BulkReport:
    journal, target = files
    _say(f"{job.doing} {source} in workspace {service.workspace}; journal: {journal}")
    total = await asyncio.to_thread(job.count)
    async with job.session() as session:
        run = job.start(
            session.workspace(service.workspace),
            journal=journal,
            total=total,
            max_failures=options.max_failures,
            grace=options.grace,
            patience=options.patience,
        )
        try:
            report = await _watched(run, options.grace, service)
        except (MIError, asyncio.CancelledError) as error:
            if (reached := _reached(run)) is not None:
                _tell_stopped(reached, source, target, service)
                if reached.ended or reached.open:
                    after = f"once that is put right, {AGAIN}" if isinstance(error, MIError) else AGAIN
                    _say(f"what is done is in {journal}; {after} to go on")
            raise
        _tell(report, source, target, service)  # before the session is closed: a signal may come while it is
    return report


async def _watched(run: BulkRun, grace: float, service: InWorkspace) -> BulkReport:
    """Let it run, and show it; stop signals are for the run, and what is logged goes through the display."""

    def told(number: int, name: str) -> None:
        if number == 1:
            again = "Ctrl-C again" if name == "SIGINT" else "another signal"
            _say(f"stopping: {run.progress.open:,} items under way have {span(grace)}; {again} leaves them")
        else:
            _say("stopping at once")

    try:
        talks = service.verbose > 0
        with (
            handled() as received,
            watch(run, file=cast("TextIO", stderr()), plain=talks, verbose=talks),
            received.told_to(told),
        ):
            log_to_stderr(service.verbose)
            return await run
    finally:
        log_to_stderr(service.verbose)


def _reached(run: BulkRun) -> BulkReport | None:
    """What a run has done that was stopped, None if it had not begun."""
    try:
        return run.report
    except BulkError:
        return None


def _tell(report: BulkReport, source: str, target: OutputFile | None, service: InWorkspace) -> None:
    """Print the report for who watches and as the result, and write every item to a file."""
    try:
        if service.output == "table":
            stdout().write(f"{report}\n")
        else:
            stderr().write(f"{report}\n")
            output.show(report.as_dict(), service.output)
        if not report.ending and not report.open:
            _warn_of_nothing(source, report.ended)
        stdout().flush()  # the file may be the same
    finally:
        if target is not None:
            with after_the_run():
                write_to(target, report.journal, report.run)


def _tell_stopped(report: BulkReport, source: str, target: OutputFile | None, service: InWorkspace) -> None:
    """Write the report of a run that was stopped; that it was is how the command ends, even if nobody can read this."""
    try:
        _tell(report, source, target, service)
    except ReaderGoneError:
        pass
    except OutputError as error:
        _say(f"error: {error}")


def _warn_of_nothing(source: str, items: int) -> None:
    """Say that an input had no item: it may be the wrong one, and nothing else would tell."""
    if not items:
        _say(f"warning: {source} has no item; see what was passed over, or whether it is the wrong input")


def _may_fit(options: RunOptions) -> bool:
    """Whether pictures could be made smaller, and are not."""
    return isinstance(options, FaceOptions) and not options.fit


def _say(text: str) -> None:
    """A line for who watches, above the display where there is one."""
    stderr().write(f"{one_line(text)}\n")
