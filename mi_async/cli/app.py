"""The application: its commands, its version, and the one place where failures become exit codes.

Invariant: each command is a plain function that prints its result; nothing here knows what a command does.
"""

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Annotated, Any

from attrs import frozen
from cyclopts import App, Group, Parameter

from mi_async.cli.configuration import fill
from mi_async.cli.examples import examples
from mi_async.cli.exit_codes import FAILURES, epilogue
from mi_async.cli.failure_messages import check_text, report_failure
from mi_async.cli.path_arguments import refuse_empty
from mi_async.cli.signals import handled
from mi_async.cli.streams import console, quieted, stdout
from mi_async.cli.verbosity import Verbosity
from mi_async.cli.versions import versions

START = Group("Start here", sort_key=1)
WORKFLOWS = Group("Workflows", sort_key=2)
BULK = Group("Bulk runs", sort_key=3)
OPERATIONS = Group("Operations of the API", sort_key=3)
AGENTS = Group("For agents", sort_key=7)
OTHER = Group("Other", sort_key=8)


@frozen
class Command:
    """A command, whose module is imported when it is the one that was asked for.

    Attributes:
        group: of the help, or several.
        help: its line in the help of all commands; the first line of its docstring.
        function: that does it, as ``module:name``.
        arguments: for its usage line, '' for the usual one.
    """

    group: Group | tuple[Group, ...]
    help: str
    function: str
    arguments: str = ""

    def add_line(self, app: App, name: str) -> None:
        """Add the command without what it does: enough for the help of all commands, and to suggest its name."""
        app.command(App(name=name, group=self.group, help=self.help))

    def add(self, app: App, name: str) -> None:
        """Add the command."""
        usage = f"Usage: mi-async {name} {self.arguments} --workspace NAME [OPTIONS]" if self.arguments else None
        app.command(self._function(), name=name, group=self.group, help_epilogue=examples(name), usage=usage)

    def _function(self) -> Callable[..., Any]:
        module, _, name = self.function.partition(":")
        function: Callable[..., Any] = getattr(import_module(f"mi_async.cli.{module}"), name)
        return function


@frozen
class Commands(Command):
    """A command that has commands of its own; the function makes them."""

    def add(self, app: App, name: str) -> None:
        """Add the command with its commands."""
        made: App = self._function()(name)
        made.group, made.help, made.help_epilogue = self.group, self.help, examples(name)
        for one in made:
            if not one.startswith("-") and not made[one].help_epilogue:
                made[one].help_epilogue = examples(f"{name} {one}")
        app.command(made)


COMMANDS: Mapping[str, Command] = {
    "demo": Command(
        START, "Enroll a handful of bundled faces on a built-in emulator, and show each step.", "demo:demo"
    ),
    "emulator": Command(
        START,
        "Run the emulator until Ctrl-C; it prints the export lines with which other commands find it.",
        "emulator:emulator",
    ),
    "doctor": Command(
        START,
        "Check keys, clock, network, certificates, workspace and bucket, and say what to do; nothing is created.",
        "doctor:doctor",
    ),
    "enroll": Command(
        WORKFLOWS,
        "Create a person with images, the first being the primary one, and tags.",
        "enroll:enroll",
        "NAME SOURCE...",
    ),
    "upload-thumbnail": Command(
        WORKFLOWS, "Give a person more images.", "upload_thumbnail:upload_thumbnail", "PERSON_ID SOURCE..."
    ),
    "ingest": Command(
        WORKFLOWS,
        "Upload a media file, register it, and wait for its import and analysis; run again, it resumes.",
        "ingest:ingest",
        "SOURCE",
    ),
    "enroll-many": Command(
        BULK,
        "Create many people with images and tags, at the rate that the quotas allow.",
        "enroll_many:enroll_many",
        "INPUT",
    ),
    "upload-many": Command(
        BULK,
        "Give many people more images, at the rate that the quotas allow.",
        "enroll_many:upload_thumbnails",
        "INPUT",
    ),
    "ingest-many": Command(
        BULK,
        "Upload, register and analyse many media files; an object that is in the bucket already is not sent.",
        "ingest_many:ingest_many",
        "INPUT",
    ),
    "curate": Commands(
        BULK,
        "Faces without a name and doubles: pages, tables to fill in, and what these say carried out.",
        "curate:curate_app",
    ),
    "restore": Command(
        BULK,
        "Restore a backup into a workspace: persons with images and tags, projects, and assets.",
        "restore:restore",
        "DIR",
    ),
    "openapi": Command(OTHER, "Print an OpenAPI 3.1 description of the API.", "openapi:openapi"),
    "completion": Command(
        OTHER,
        "Print or install the script with which bash, zsh or fish completes commands.",
        "completion:completion",
    ),
    "skill": Command(
        AGENTS,
        "Write a skill for agents, from the commands: SKILL.md to stdout, or with their options into a folder.",
        "skill:skill",
    ),
    "config": Commands(OTHER, "Settings of the command line, and where each comes from.", "config:config_app"),
    "mcp": Command(
        AGENTS,
        "Serve the workspace to an agent as tools, by the Model Context Protocol over stdin and stdout.",
        "mcp:mcp",
    ),
    "usage": Command(WORKFLOWS, "Count what was used in a month, per workspace and project.", "usage:usage"),
    "jobs": Commands(
        WORKFLOWS, "Imports, analyses, scene summaries and searches: show, wait, cancel.", "jobs:jobs_app"
    ),
    "backup": Commands(
        BULK,
        "Back up a workspace into a folder: persons with images, tags, assets, indexes; again, only what is new.",
        "backup:backup_app",
    ),
    "journal": Commands(
        BULK,
        "Journals of bulk runs: show, list failures, report, export, retry, rebuild, repair.",
        "journal:journal_app",
    ),
    "workspaces": Commands(OPERATIONS, "Workspaces of the account.", "operations:operations_app"),
    "projects": Commands(OPERATIONS, "Projects of a workspace.", "operations:operations_app"),
    "assets": Commands(OPERATIONS, "Media assets of a workspace's projects.", "operations:operations_app"),
    "indexes": Commands(OPERATIONS, "Analyses of media assets and their indexes.", "operations:operations_app"),
    "scene-summaries": Commands(OPERATIONS, "Scene summaries of media assets.", "operations:operations_app"),
    "persons": Commands(OPERATIONS, "Persons of a workspace, and a contact sheet of them.", "persons:persons_app"),
    "person-tags": Commands(OPERATIONS, "Person tags of a workspace.", "operations:operations_app"),
    "thumbnails": Commands(OPERATIONS, "Uploads of person thumbnails.", "operations:operations_app"),
    "query-assets": Commands(OPERATIONS, "Uploads of query images.", "operations:operations_app"),
    "search": Commands(
        (OPERATIONS, WORKFLOWS), "Find scenes in the analysed assets, by words or by an image.", "search:search_app"
    ),
}
"""Every command, in one place. Invariant: nothing here imports one, so that each pays for what it uses."""

FORMER_NAMES: Mapping[str, str] = {"upload-thumbnails": "upload-many"}
"""Names that commands had, which go on working: this one differed by a letter from that of another command."""

SHARED = dict.fromkeys(("--verbose", "-v", "-vv", "--quiet", "-q"), 1) | dict.fromkeys(
    (
        *("--output", "-o", "--workspace", "-w", "--base-url", "--storage-url", "--profile", "--config"),
        *("--timeout", "--proxy", "--ca-file", "--quota-store"),
    ),
    2,
)
"""Options of most commands that are taken before the command too, and how many words each is."""


def make_app(wanted: str = "", *, whole: bool = False) -> App:
    """Build the application; of its commands only the wanted one does anything, unless all are asked for."""
    shown = console(stdout())
    app = App(
        name="mi-async",
        help="NAVER Cloud Media Intelligence: "
        "enroll faces, ingest videos and images, search their scenes, and call every operation of the API.",
        help_epilogue=f"{examples('')}\n\n{epilogue(shown.width)}",
        help_format="plaintext",
        version_flags=(),
        default_parameter=Parameter(negative_iterable=(), negative_none=(), validator=check_text),
        group_parameters=Group("Parameters", sort_key=4),
        suppress_keyboard_interrupt=False,
        console=shown,
    )
    app.config = (fill, refuse_empty)
    app["--help"].group = OTHER
    for name, command in COMMANDS.items():
        (command.add if whole or name == wanted else command.add_line)(app, name)
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


def run(argv: Sequence[str]) -> int:
    """Run one command line; return the exit code."""
    with handled() as received:
        quiet = False
        try:
            options, words = _leading_options(argv)
            words[:1] = [FORMER_NAMES.get(word, word) for word in words[:1]]
            wanted = next((word for word in words if word in COMMANDS), "")
            app = make_app(wanted)  # before signals are thrown: see StopSignals._end_process
            with received.delivered(received.throw):
                line = _ordered(app, options, words)
                command, given, _ = app.parse_args(line, exit_on_error=False, print_error=False)
                quiet = any(getattr(value, "quiet", False) for value in given.arguments.values())
                with quieted(quiet):
                    command(*given.args, **given.kwargs)
                stdout().flush()
        except FAILURES as error:
            return report_failure(error, hints=not quiet)
        return 0


def _leading_options(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the shared options that were given before the command, and the rest."""
    words, options = list(argv), list[str]()
    while words and (name := words[0].partition("=")[0]) in SHARED:
        count = SHARED[name] if "=" not in words[0] else 1
        options += words[:count]
        words = words[count:]
    return options, words


def _ordered(app: App, options: list[str], words: list[str]) -> list[str]:
    """Return the command line with the options after the command."""
    start, command = 0, app
    while start < len(words) and not words[start].startswith("-") and words[start] in command:
        command = command[words[start]]
        start += 1
    return [*words[:start], *options, *words[start:]]
