"""Options of the bulk commands, in one table; their defaults are those of ``BulkOptions``."""

from pathlib import Path
from typing import Annotated, Any, TypeAlias

import attrs
from attrs import frozen
from cyclopts import Parameter
from cyclopts.validators import Number

from mi_async.bulk.options import BulkOptions
from mi_async.cli.sources import Fit
from mi_async.cli.standard_input import TableFormat

NOT_NEGATIVE = Number(gte=0)
ONE = Number(gte=1)
DEFAULTS: dict[str, Any] = {member.name: member.default for member in attrs.fields(BulkOptions)}

Input = Annotated[
    str,
    Parameter(
        name="INPUT",
        help="A directory, or a .csv, .jsonl or .parquet file; - is a table on standard input, and needs --journal.",
        allow_leading_hyphen=True,
    ),
]

MostFailures: TypeAlias = Annotated[
    int | None,
    Parameter(help="Stop when more items than this have not gone well in this run.", validator=NOT_NEGATIVE),
]
Grace: TypeAlias = Annotated[
    float,
    Parameter(help="Seconds that Ctrl-C, SIGTERM or SIGHUP leaves to the items in progress.", validator=NOT_NEGATIVE),
]
Patience: TypeAlias = Annotated[
    float, Parameter(help="Seconds to wait for a service that does not answer.", validator=NOT_NEGATIVE)
]


@Parameter(name="*")
@frozen(kw_only=True)
class RunOptions:
    """Options of every bulk run."""

    journal: Annotated[
        str | None,
        Parameter(
            help="Journal of the run, a file or postgresql://user@host/database#name; by default INPUT's name with "
            ".journal, in the current directory."
        ),
    ] = None
    dry_run: Annotated[
        bool,
        Parameter(negative=(), show_default=False, help="Change nothing: print what would be done, and the time."),
    ] = False
    max_failures: MostFailures = DEFAULTS["max_failures"]
    report: Annotated[Path | None, Parameter(help="Write the outcome of every item to this file, as JSON Lines.")] = (
        None
    )
    force: Annotated[
        bool,
        Parameter(negative=(), show_default=False, help="Let --report replace a file that is not a report."),
    ] = False
    grace: Grace = DEFAULTS["grace"]
    patience: Patience = DEFAULTS["patience"]
    shards: Annotated[
        int,
        Parameter(help="Parts of the input that processes take, when a journal in PostgreSQL is made.", validator=ONE),
    ] = DEFAULTS["shards"]
    on: Annotated[
        str | None,
        Parameter(help="Start members that share the run: local:4 (processes of this machine), dask://host:8786."),
    ] = None
    members: Annotated[
        int | None, Parameter(help="Members to start on a scheduler; by default one for each worker.", validator=ONE)
    ] = None

    @property
    def of_run(self) -> dict[str, Any]:
        """Options of the run itself, by the names of its arguments."""
        return {name: getattr(self, name) for name in ("max_failures", "grace", "patience", "shards")}


@Parameter(name="*")
@frozen(kw_only=True)
class ImageOptions(RunOptions):
    """Options of a bulk run over images."""

    fit: Fit = DEFAULTS["fit"]
    encoding: Annotated[
        str | None,
        Parameter(help="Encoding of a table, such as cp949, shift_jis or cp1252; by default UTF-8, UTF-16 or Korean."),
    ] = None
    input_format: Annotated[
        TableFormat | None, Parameter(help="Format of a table on standard input; by default its content tells.")
    ] = None

    @property
    def may_fit(self) -> bool:
        """True if ``--fit`` could help, and was not given."""
        return not self.fit
