"""Examples of commands, for the end of their help; tests run them against the emulator.

Invariant: every command has one; that of an operation that has none of its own is made of its declaration.
"""

import shlex
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the help of all commands needs neither
    from mi_async._core.operation import Operation, Parameter

EXAMPLES: Mapping[str, Sequence[str]] = {
    "": (
        "mi-async demo",
        'mi-async enroll "Gildong Hong" hong-1.jpg -w newsroom',
        "mi-async persons list -w newsroom --output table",
        "mi-async persons list --help",
    ),
    "demo": ("mi-async demo",),
    "emulator": (
        "mi-async emulator --workspace newsroom --with-storage",
        "mi-async emulator --fail storage.put=drop-afterx2",
    ),
    "doctor": ("mi-async doctor --workspace newsroom",),
    "enroll": (
        'mi-async enroll "Gildong Hong" hong-1.jpg hong-2.png --tag Anchor -w newsroom',
        'mi-async enroll "Gildong Hong" hong-*.heic --fit --if-exists complete',
    ),
    "upload-thumbnail": (
        "mi-async upload-thumbnail 1001 hong-3.jpg --primary",
        "cat hong-3.jpg | mi-async upload-thumbnail 1001 -",
    ),
    "ingest": (
        "mi-async ingest news.mp4 --project 1 --summarize",
        "mi-async ingest s3://my-bucket/news.mp4 --output table",
    ),
    "search": (
        'mi-async search "goal celebration" --limit 20 --output table',
        "mi-async search --image hong-1.jpg --person 1001",
        'mi-async search "goal celebration" --html scenes.html',
    ),
    "curate unnamed": ("mi-async curate unnamed --html faces.html --csv faces.csv",),
    "curate name": ("mi-async curate name faces.csv --dry-run", "mi-async curate name faces.csv --confirm 7f3a-91c2"),
    "curate merge": ("mi-async curate merge groups.csv --dry-run",),
    "curate duplicates": ("mi-async curate duplicates --html groups.html --csv groups.csv --score 90",),
    "enroll-many": (
        "mi-async enroll-many people.csv --dry-run",
        "mi-async enroll-many faces/ --fit --journal faces.journal --report faces.jsonl",
    ),
    "upload-many": ("mi-async upload-many more.csv", "mi-async upload-many faces/ --quiet > report.json"),
    "ingest-many": (
        "mi-async ingest-many videos/ --project 1 --dry-run",
        "mi-async ingest-many s3://my-bucket/archive/ --journal archive.journal",
        "mi-async ingest-many videos/ --sync --delete --dry-run",
        "mi-async ingest-many videos/ --watch --run ./notify.sh",
    ),
    "restore": (
        "mi-async restore newsroom-backup/ --workspace archive --dry-run",
        "mi-async restore newsroom-backup/ --workspace archive --report report.jsonl",
    ),
    "usage": (
        "mi-async usage --output table",
        "mi-async usage --month 2026-11 --workspace newsroom --html usage.html",
        "mi-async usage --prices prices.toml --output csv > usage.csv",
    ),
    "openapi": ("mi-async openapi > media-intelligence.json",),
    "completion": (
        "mi-async completion bash --install",
        "mi-async completion zsh > ~/.zfunc/_mi-async",
    ),
    "config show": ("mi-async config show", "mi-async config show --config work.toml --output json"),
    "config path": ('mkdir -p "$(dirname "$(mi-async config path)")"',),
    "jobs show": ("mi-async jobs show index:newsroom:101:1002",),
    "jobs wait": ("mi-async jobs wait index:newsroom:101:1002 --at-most 600",),
    "jobs cancel": ("mi-async jobs cancel index:newsroom:101:1002",),
    "backup": (
        "mi-async backup newsroom archive/",
        "mi-async backup archive/ --workspace newsroom --no-indexes --no-summaries",
    ),
    "backup check": ("mi-async backup check archive/", "mi-async backup check archive/ --output json"),
    "backup diff": ("mi-async backup diff archive/ archive-restored/",),
    "journal show": ("mi-async journal show faces.journal --output table",),
    "journal failed": ("mi-async journal failed run.journal --code OVER_SIZE_LIMIT -o csv > failed.csv",),
    "journal report": ("mi-async journal report faces.journal --html report.html",),
    "journal export": ("mi-async journal export faces.journal --format csv > faces.csv",),
    "journal retry": ("mi-async journal retry faces.journal --code 10069",),
    "journal rebuild": (
        "mi-async journal rebuild people.csv --journal new.journal -w newsroom",
        "mi-async journal rebuild more.csv --of upload-many --journal more.journal",
    ),
    "journal repair": ("mi-async journal repair damaged.journal new.journal",),
    "persons list": (
        "mi-async persons list --all --output csv --columns id,name,tags > persons.csv",
        "mi-async persons list --name Hong --limit 20 --output jsonl",
    ),
    "persons sheet": ("mi-async persons sheet --html faces.html --tag Anchor",),
    "skill": ("mi-async skill > SKILL.md", "mi-async skill .claude/skills"),
    "mcp": ("mi-async mcp --workspace newsroom",),
    "persons create": ("""mi-async persons create "Hong" --thumbnails '{"thumbnailKey": "1.jpg"}'""",),
    "persons update": ('mi-async persons update 1001 --name "Gildong Hong" --description "An anchor."',),
    "search request": ("""mi-async search request '{"textQuery": "goal celebration"}'""",),
}
"""Examples by the words of the command; '' for that of all commands."""

VALUES: Mapping[str, str] = {
    "workspace_name": "sports",
    "name": "sports",
    "bucket_name": "my-bucket",
    "key": "news.mp4",
    "thumbnail_file_name": "hong.jpg",
    "asset_file_name": "hong.jpg",
    "thumbnails": '{"thumbnailKey": "1.jpg"}',
    "thumbnail_key": "1.jpg",
    "asset_key": "queries/hong.jpg",
    "search_id": "7",
    "person_id": "1001",
    "person_ids": "1002",
    "project_id": "1",
    "new_project_id": "2",
    "asset_id": "101",
    "index_id": "1002",
}
"""Arguments of examples; any other is 1, and JSON where the operation takes that."""


def command_of(operation: "Operation") -> str:
    """Return the words of the command of an operation."""
    return f"{operation.group} {operation.name}".replace("_", "-")


def examples(command: str) -> str:
    """Return the examples of a command as the end of its help, '' for one that has none."""
    return _section(EXAMPLES.get(command, ()))


def operation_examples(operation: "Operation", arguments: Mapping[str, str]) -> str:
    """Return the examples of an operation as the end of its help.

    Args:
        operation: the operation.
        arguments: what stands for arguments that VALUES does not have.
    """
    words = command_of(operation)
    if words in EXAMPLES:
        return examples(words)
    given = [p for p in operation.parameters if p.required]
    values = [(p, VALUES.get(p.name, arguments.get(p.name, "1"))) for p in given]
    line = [shlex.quote(value) if p.positional else f"{_option(p)} {shlex.quote(value)}" for p, value in values]
    return _section([" ".join(["mi-async", words, *line])])


def _option(p: "Parameter") -> str:
    return f"--{p.name.replace('_', '-')}"


def _section(lines: Sequence[str]) -> str:
    return "\n".join(["Examples:" if len(lines) > 1 else "Example:", *[f"  {line}" for line in lines]]) if lines else ""
