"""The application: its commands, its version, and the one place where failures become exit codes.

Invariant: each command is a plain function that prints its result; nothing here knows what a command does.
"""

import platform
from collections.abc import Callable, Sequence
from importlib.metadata import version as version_of
from typing import Annotated

from aiohttp import http_parser
from attrs import frozen
from cyclopts import App, Group, Parameter

from mi_async.cli.connection import Verbosity
from mi_async.cli.demo import demo
from mi_async.cli.emulator import emulator
from mi_async.cli.enroll import enroll
from mi_async.cli.enroll_many import enroll_many, upload_thumbnails
from mi_async.cli.exit_codes import FAILURES, epilogue
from mi_async.cli.failure_messages import check_text, report
from mi_async.cli.ingest import ingest
from mi_async.cli.ingest_many import ingest_many
from mi_async.cli.jobs import jobs_app
from mi_async.cli.journal import journal_app
from mi_async.cli.operations import OPERATIONS, openapi, operation_apps
from mi_async.cli.search import search
from mi_async.cli.signals import handled
from mi_async.cli.streams import console, stdout
from mi_async.cli.upload_thumbnail import upload_thumbnail
from mi_async.text import aligned
from mi_async.version import VERSION

START = Group("Start here", sort_key=1)
WORKFLOWS = Group("Workflows", sort_key=2)
BULK = Group("Bulk runs", sort_key=3)
OTHER = Group("Other", sort_key=8)


@frozen
class Command:
    """A command.

    Attributes:
        function: that does it.
        group: of the help.
        arguments: for its usage line, '' for the usual one.
    """

    function: Callable[..., None]
    group: Group
    arguments: str = ""


COMMANDS = {
    "demo": Command(demo, START),
    "emulator": Command(emulator, START),
    "enroll": Command(enroll, WORKFLOWS, "NAME SOURCE..."),
    "upload-thumbnail": Command(upload_thumbnail, WORKFLOWS, "PERSON_ID SOURCE..."),
    "ingest": Command(ingest, WORKFLOWS, "SOURCE"),
    "enroll-many": Command(enroll_many, BULK, "INPUT"),
    "upload-thumbnails": Command(upload_thumbnails, BULK, "INPUT"),
    "ingest-many": Command(ingest_many, BULK, "INPUT"),
    "openapi": Command(openapi, OTHER),
}
"""Commands that are neither an operation nor part of a group."""

SHARED = dict.fromkeys(("--verbose", "-v", "-vv"), 1) | dict.fromkeys(
    ("--output", "-o", "--base-url", "--profile", "--timeout", "--workspace", "-w", "--storage-url"), 2
)
"""Options of most commands that are taken before the command too, and how many words each is."""

PARTS = ("aiohttp", "aiolimiter", "attrs", "cattrs", "orjson", "tenacity", "yarl", "cyclopts", "rich")
"""Packages whose versions ``--version --verbose`` shows."""


def make_app() -> App:
    """Build the application."""
    app = App(
        name="mi-async",
        help="NAVER Cloud Media Intelligence: "
        "enroll faces, ingest videos and images, search their scenes, and call every operation of the API.",
        help_epilogue=epilogue(),
        help_format="plaintext",
        version_flags=(),
        default_parameter=Parameter(negative_iterable=(), negative_none=(), validator=check_text),
        group_parameters=Group("Parameters", sort_key=4),
        suppress_keyboard_interrupt=False,
        console=console(stdout()),
    )
    app["--help"].group = OTHER
    for name, command in COMMANDS.items():
        usage = _usage(f"{name} {command.arguments}") if command.arguments else None
        app.command(command.function, name=name, group=command.group, help_epilogue="", usage=usage)
    for part in (jobs_app(WORKFLOWS), journal_app(BULK), *operation_apps()):
        app.command(part)
    _add_search(app)
    app.default(_root(app))
    return app


def _root(app: App) -> Callable[..., None]:
    """Return the command without a name, which shows the help or the version."""

    def root(
        *,
        version: Annotated[
            bool, Parameter(negative=(), group=OTHER, show_default=False, help="Show the version.")
        ] = False,
        verbose: Annotated[Verbosity, Parameter(group=OTHER, help="With --version: versions of its dependencies.")] = 0,
    ) -> None:
        if version:
            stdout().write(versions(full=verbose > 0) + "\n")
        else:
            app.help_print([])

    return root


def _add_search(app: App) -> None:
    """Make searching what the group of search operations does where none of them is named."""
    group = app["search"]
    group.default(search)
    group.group = (OPERATIONS, WORKFLOWS)
    group.help = "Find scenes in the analysed assets, by words or by an image."
    group.usage = f"{_usage('search TEXT')}\n       mi-async search COMMAND --help"


def _usage(words: str) -> str:
    return f"Usage: mi-async {words} --workspace NAME [OPTIONS]"


def versions(*, full: bool) -> str:
    """Return the version; in full with those of the package's dependencies.

    aiohttp without its C parser costs 2.4 times the CPU a call, so the parser is named, too.
    """
    if not full:
        return f"mi-async {VERSION}"
    rows = [
        ("mi-async", VERSION),
        ("Python", f"{platform.python_version()} ({platform.python_implementation()}, {platform.platform()})"),
        *[(name, version_of(name)) for name in PARTS],
        ("parser", parser(in_c=http_parser.HttpResponseParser is not http_parser.HttpResponseParserPy)),
    ]
    return "\n".join(aligned(rows))


def parser(*, in_c: bool) -> str:
    """Return the HTTP parser of aiohttp that is in use."""
    return "C (aiohttp's extension)" if in_c else "Python (slow: aiohttp's C extension is missing)"


def run(argv: Sequence[str]) -> int:
    """Run one command line; return the exit code."""
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
    """Return the command line with shared options that were given before the command after it."""
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
