"""Generated pages of the reference: every public name, every command, every error with its codes.

Invariant: made when the site is built, from what the package says of itself; nothing of it is committed.
"""

import inspect
import io
import re
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from rich.console import Console

import mi_async
from mi_async import errors
from mi_async.cli.app import COMMANDS, Commands, make_app
from mi_async.emulator.rules import DOCUMENTED
from mi_async.errors.api import error_class
from mi_async.workspace_part import WorkspacePart

COLUMNS = 84
MODULES = (
    *("mi_async", "mi_async.backup", "mi_async.bulk", "mi_async.doctor", "mi_async.emulator"),
    *("mi_async.integrations.opentelemetry", "mi_async.pictures"),
)
PAGES = {
    "workspace": ("Workspace", "A workspace: its groups of operations, and its workflows as methods.", "workspace"),
    "session": (
        "Session",
        "`connect()`, the session that it gives, and the parts of one.",
        "session session_opening ping",
    ),
    "models": ("Models", "Types that [operations](../operations.md) take and return.", "api models"),
    "workflows": (
        "Workflows and jobs",
        "Types of workflows, jobs, backups and stored objects.",
        "workflows storage media backup",
    ),
    "settings": (
        "Settings and hooks",
        "Settings of a session, its hooks, and what they are told.",
        "_core credentials",
    ),
    "bulk": ("Bulk runs", "Runs over any number of items, with journals.", "bulk fleet"),
    "emulator": ("Emulator", "The service in your tests.", "emulator"),
    "tools": ("Tools", "Diagnosis, pictures, notebooks, shared quotas, traces and metrics.", ""),
}
"""Pages of classes and functions: title, first sentence, and the modules of their names; the last has the rest."""


def generated() -> dict[str, str]:
    """Return the text of each generated page, by its place on the site."""
    pages = {f"reference/{name}.md": page for name, page in name_pages().items()}
    return pages | {"reference/commands.md": command_page(), "reference/error-classes.md": error_page()}


def name_pages() -> dict[str, str]:
    """Return the pages of classes and functions."""
    found = {name: [f"# {title}\n\n{sentence}\n"] for name, (title, sentence, _) in PAGES.items()}
    for path, value in sorted(public_values().items()):
        options = "" if inspect.isfunction(value) else members(value)
        found[page_of(path)].append(f"\n::: {path}\n{options}")
    return {name: "".join(parts) for name, parts in found.items()}


def members(kind: type) -> str:
    """Return the options of a class: one without methods shows its members by its docstring alone.

    A workspace has the methods of its parts, too, which are no public names: theme after theme, as help() has them.
    """
    own = methods(kind)
    if not own:
        return "    options:\n      members: false\n"
    inherited = [name for part in kind.__mro__[1:] if issubclass(part, WorkspacePart) for name in methods(part)]
    if not inherited:
        return ""
    order = ", ".join([*own, *inherited])  # without it, by the number of the line, each in a file of its own
    return f"    options:\n      members: [{order}]\n      inherited_members: [{', '.join(inherited)}]\n"


def methods(kind: type) -> list[str]:
    """Return the names of the public methods that a class has of its own."""
    return [name for name, value in vars(kind).items() if not name.startswith("_") and callable(value)]


def public_values() -> dict[str, Any]:
    """Return the public classes and functions but the errors, by their full name."""
    found: dict[str, Any] = {}
    for module in map(import_module, MODULES):
        for name in module.__all__:
            value = getattr(module, name)
            is_error = isinstance(value, type) and issubclass(value, errors.MIError)
            if (inspect.isclass(value) or inspect.isfunction(value)) and not is_error:
                found[f"{value.__module__}.{value.__qualname__}"] = value
    return found


def page_of(path: str) -> str:
    """Return the page of a public name."""
    for name, (_, _, modules) in PAGES.items():
        if any(path.startswith(f"{mi_async.__name__}.{module}.") for module in modules.split()):
            return name
    return "tools"


ERRORS = """# Error classes and codes

Which class an answer of the service becomes, and every class with its attributes. What to do about each is in
[troubleshooting](../troubleshooting.md), what they have in common in [errors](../errors.md).

## By code

The codes that the vendor documents, of the service and of its gateway. The text of an answer varies: match on the class
or the code.

| HTTP status | code | class | text of the service |
|---|---|---|---|
"""


def markdown(docstring: str) -> str:
    """Return a docstring without what only Sphinx reads: roles, and colons that announce code."""
    return re.sub(r"::$", ":", re.sub(r":\w+:`~?([^`]+)`", r"`\1`", docstring), flags=re.MULTILINE)


def error_page() -> str:
    """Return the page of errors: which code is which class, and each class as its docstring tells it."""
    known = {(each.status, each.code): each.text for each in DOCUMENTED.values()}
    parts = [ERRORS]
    for (status, code), text in sorted(known.items(), key=lambda row: (row[0][0], int(row[0][1]))):
        name = error_class(status, code).__name__
        parts.append(f"| {status} | {code} | [`{name}`](#{errors.__name__}.{name}) | {text} |\n")
    parts.append("\n## By class\n")
    parts += [
        f"\n::: {errors.__name__}.{each.__name__}\n    options:\n      heading_level: 3\n      members: false\n"
        for each in error_classes()
    ]
    return "".join(parts)


def error_classes() -> Iterator[type]:
    """Yield the public error classes, each after its base."""
    waiting: list[type] = [errors.MIError]
    while waiting:
        kind = waiting.pop(0)
        if not kind.__name__.startswith("_"):
            yield kind
        waiting = [*sorted(kind.__subclasses__(), key=lambda each: each.__name__), *waiting]


COMMAND_LINE = """# Commands

Every command, as `--help` prints it. What they have in common, with settings and exit codes, is in [command
line](../cli.md); the operations of the API, which are commands too, are in [operations](../operations.md).
"""


def command_page() -> str:
    """Return the page of commands: what each says of itself."""
    parts = [COMMAND_LINE]
    for name, command in COMMANDS.items():
        parts.append(f"\n## mi-async {name}\n\n```text\n{help_of(name)}```\n")
        if isinstance(command, Commands) and "operations" not in command.function:
            inner = [each for each in make_app(name)[name] if not each.startswith("-")]
            parts += [f"\n### mi-async {name} {each}\n\n```text\n{help_of(name, each)}```\n" for each in inner]
    return "".join(parts)


def help_of(*names: str) -> str:
    """Return the help of a command."""
    printed = io.StringIO()
    make_app(names[0]).help_print(list(names), console=Console(file=printed, width=COLUMNS, color_system=None))
    return "".join(f"{line.rstrip()}\n" for line in printed.getvalue().strip("\n").splitlines())
