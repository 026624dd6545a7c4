"""The application: its commands, its version, and the one place where failures become exit codes.

Law: each command is a plain function that prints its result; nothing here knows what a command does.
"""

from collections.abc import Sequence
from typing import Annotated

from cyclopts import App, Group, Parameter

from mi_async.cli.bulk import enroll_many, upload_thumbnails
from mi_async.cli.demo import demo
from mi_async.cli.emulator import emulator
from mi_async.cli.exits import FAILURES, check_text, epilogue, report
from mi_async.cli.ingest import ingest
from mi_async.cli.ingest_many import ingest_many
from mi_async.cli.jobs import jobs_app
from mi_async.cli.journal import journal_app
from mi_async.cli.openapi import openapi
from mi_async.cli.operations import OPERATIONS, operation_apps
from mi_async.cli.search import search
from mi_async.cli.service import Verbosity
from mi_async.cli.signals import handled
from mi_async.cli.streams import console, stdout
from mi_async.cli.upload import enroll, upload_thumbnail
from mi_async.cli.versions import versions

START = Group("Start here", sort_key=1)
WORKFLOWS = Group("Workflows", sort_key=2)
BULK = Group("Bulk runs", sort_key=3)
OTHER = Group("Other", sort_key=8)

SHARED = dict.fromkeys(("--verbose", "-v", "-vv"), 1) | dict.fromkeys(
    ("--output", "-o", "--base-url", "--profile", "--timeout", "--workspace", "-w", "--storage-url"), 2
)
"""Options of most commands that are taken before the command too, and how many words each is."""


def make_app() -> App:
    """Build the application."""
    app = App(
        name="mi-async",
        help="NAVER Cloud Media Intelligence: "
        "enroll faces, bring in footage, search its scenes, and make every call of the API.",
        help_epilogue=epilogue(),
        help_format="plaintext",
        version_flags=(),
        default_parameter=Parameter(negative_iterable=(), negative_none=(), validator=check_text),
        group_parameters=Group("Parameters", sort_key=4),
        suppress_keyboard_interrupt=False,
        console=console(stdout()),
    )
    app["--help"].group = OTHER
    app.command(demo, group=START, help_epilogue="")
    app.command(emulator, group=START, help_epilogue="")
    app.command(enroll, group=WORKFLOWS, help_epilogue="", usage=_usage("enroll NAME SOURCE..."))
    app.command(
        upload_thumbnail, group=WORKFLOWS, help_epilogue="", usage=_usage("upload-thumbnail PERSON_ID SOURCE...")
    )
    app.command(ingest, group=WORKFLOWS, help_epilogue="", usage=_usage("ingest SOURCE"))
    app.command(jobs_app(WORKFLOWS))
    app.command(enroll_many, group=BULK, help_epilogue="", usage=_usage("enroll-many INPUT"))
    app.command(upload_thumbnails, group=BULK, help_epilogue="", usage=_usage("upload-thumbnails INPUT"))
    app.command(ingest_many, group=BULK, help_epilogue="", usage=_usage("ingest-many INPUT"))
    app.command(journal_app(BULK))
    app.command(openapi, group=OTHER, help_epilogue="")
    for group in operation_apps():
        app.command(group)
    _add_search(app)

    @app.default
    def root(
        *,
        version: Annotated[
            bool, Parameter(negative=(), group=OTHER, show_default=False, help="Show the version.")
        ] = False,
        verbose: Annotated[Verbosity, Parameter(group=OTHER, help="With --version: what it runs on.")] = 0,
    ) -> None:
        if version:
            stdout().write(versions(full=verbose > 0) + "\n")
        else:
            app.help_print([])

    return app


def _add_search(app: App) -> None:
    """Make searching what the group of search operations does where none of them is named."""
    group = app["search"]
    group.default(search)
    group.group = (OPERATIONS, WORKFLOWS)
    group.help = "Find scenes in the analysed assets, by words or by a picture."
    group.usage = f"{_usage('search TEXT')}\n       mi-async search COMMAND --help"


def _usage(words: str) -> str:
    return f"Usage: mi-async {words} --workspace NAME [OPTIONS]"


def run(argv: Sequence[str]) -> int:
    """Run one command line; returns the exit code."""
    with handled() as received:
        try:
            with received.delivered(received.throw):
                app = make_app()
                app(_ordered(app, argv), exit_on_error=False, print_error=False, result_action="return_value")
                stdout().flush()
        except FAILURES as error:
            return report(error)
        return 0


def _ordered(app: App, argv: Sequence[str]) -> list[str]:
    """The command line with shared options that were given before the command, as many programs take them, after it."""
    words, options = list(argv), list[str]()
    while words and (name := words[0].partition("=")[0]) in SHARED:
        count = SHARED[name] if "=" not in words[0] else 1
        options += words[:count]
        words = words[count:]
    start, command = 0, app
    while start < len(words) and not words[start].startswith("-") and words[start] in command:
        command = command[words[start]]
        start += 1
    return [*words[:start], *options, *words[start:]]
