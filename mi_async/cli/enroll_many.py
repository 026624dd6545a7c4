"""``enroll-many`` and ``upload-many``: bulk runs over a directory or a table of images."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from attrs import frozen

from mi_async.bulk.inputs.readers import Read, count, read_people, read_thumbnails
from mi_async.bulk.inputs.reading import Reading
from mi_async.bulk.plan.dry_run import DryRun
from mi_async.bulk.plan.enroll import plan_people, plan_thumbnails
from mi_async.bulk.run import BulkRun
from mi_async.cli.bulk_dry_run import items_counted
from mi_async.cli.bulk_options import ImageOptions, Input
from mi_async.cli.bulk_run import BulkCommand, run_command
from mi_async.cli.connection import InWorkspace
from mi_async.cli.known_options import Known, Score
from mi_async.cli.matches import Matches, comparing_run, write_matches
from mi_async.cli.standard_input import SHOWN, STDIN, StandardInput, check_table_format, standard_input
from mi_async.errors import InvalidArgumentError
from mi_async.fleet import FleetOperation
from mi_async.workspace import Workspace

NO_OPTIONS = ImageOptions()


@frozen
class Verb:
    """Differences between the two commands.

    Attributes:
        message: for the first line.
        reader: of the input.
        plan: of a dry run.
        start: of a run.
        operation: name of its method.
    """

    message: str
    reader: Read
    plan: Callable[..., DryRun]
    start: Callable[..., BulkRun]
    operation: FleetOperation


ENROLL = Verb("enrolling the people of", read_people, plan_people, Workspace.enroll_many, "enroll_many")
COMPARE = Verb("comparing the people of", read_people, plan_people, comparing_run, "enroll_many")
UPLOAD = Verb(
    "uploading the images of", read_thumbnails, plan_thumbnails, Workspace.upload_thumbnails, "upload_thumbnails"
)


def enroll_many(
    source: Input,
    /,
    *,
    options: ImageOptions = NO_OPTIONS,
    known: Known = "ignore",
    score: Score = 80,
    matches: Matches = None,
    service: InWorkspace,
) -> None:
    """Create many people with images and tags, at the rate that the quotas allow.

    Stopped at any moment, the same command run again resumes.

    In a directory each folder is a person, and so is each image beside them.

    In a table the columns are name (이름), thumbnails or thumbnail (사진), description (설명) and tags (태그).
    """
    if matches is not None:
        write_matches(
            matches,
            source,
            options,
            known,
            lambda found: _run(COMPARE, source, options, service, {"score": score, "found": found}),
        )
    else:
        _run(ENROLL, source, options, service, {"known": known, "score": score})


def upload_thumbnails(source: Input, /, *, options: ImageOptions = NO_OPTIONS, service: InWorkspace) -> None:
    """Give many people more images, at the rate that the quotas allow.

    Stopped at any moment, the same command run again resumes.

    In a directory the name of a folder or image is the ID of a person.

    In a table the columns are person_id (인물 ID), thumbnail (사진) and primary (대표).
    """
    _run(UPLOAD, source, options, service, {})


def _run(verb: Verb, source: str, options: ImageOptions, service: InWorkspace, more: Mapping[str, Any]) -> None:
    if source != STDIN:
        check_table_format(source, options.input_format)
        run_command(_command(verb, source, None, options, service, more=more), source, options, service)
        return
    if options.on is not None:
        message = "a table on standard input is of this process; with --on give a path that all members have"
        raise InvalidArgumentError(message)
    if options.journal is None and not options.dry_run:
        message = "a table on standard input has no name for a journal; give --journal FILE"
        raise InvalidArgumentError(message)
    with standard_input(options.input_format) as table:
        run_command(_command(verb, source, table, options, service, more=more), SHOWN, options, service)


def _start(verb: Verb, items: Reading[Any], workspace: Workspace, **more: Any) -> BulkRun:
    return verb.start(workspace, items, **more)


def _command(
    verb: Verb,
    source: str,
    table: StandardInput | None,
    options: ImageOptions,
    service: InWorkspace,
    *,
    more: Mapping[str, Any],
) -> BulkCommand:
    def read() -> Reading[Any]:
        if table is not None:
            return table.read(verb.reader, options.encoding)
        return verb.reader(source, encoding=options.encoding)

    items = read()  # an input that is none is refused before anything else
    return BulkCommand(
        start_message=verb.message,
        plan_message="headers of images are read, and no request is made",
        session=service.session,
        count=lambda: count(source if table is None else table.path, verb.reader, encoding=options.encoding),
        plan=lambda journal, problems, force: verb.plan(
            read().mapped(items_counted),
            journal=journal,
            fit=options.fit,
            problems=problems,
            force=force,
            validate=service.validate,
            **{name: more[name] for name in more.keys() & {"known"}},
        ),
        start=partial(_start, verb, items, fit=options.fit, **more),
        operation=verb.operation,
        more={"fit": options.fit, "encoding": options.encoding, **more},
    )
