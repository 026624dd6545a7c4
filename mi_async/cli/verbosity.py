"""``--verbose``, and the log on stderr that it asks for.

Invariant: imports nothing heavy, since the application itself has the option too.
"""

import logging
from typing import Annotated

from cyclopts import Parameter

from mi_async.cli.streams import stderr
from mi_async.errors.mi_error import LONGEST
from mi_async.text import escaped

Verbosity = Annotated[
    int,
    Parameter(name=["--verbose", "-v"], count=True, help="Log requests to stderr; twice for more.", show_default=False),
]


def log_to_stderr(verbosity: int) -> None:
    """Log warnings of the package to stderr, with 1 also its requests, with 2 everything."""
    handler = logging.StreamHandler(stderr())
    handler.setFormatter(_OneLineFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    if verbosity == 0:  # a command says on its own what exists, below the error
        handler.addFilter(lambda record: record.name != "mi_async.workflows.effects")
    logger = logging.getLogger("mi_async")
    logger.handlers = [handler]
    logger.setLevel([logging.WARNING, logging.INFO, logging.DEBUG][min(verbosity, 2)])
    logging.getLogger("psycopg").setLevel(logging.ERROR)  # it warns of each connection that dies, as we do


class _OneLineFormatter(logging.Formatter):
    """One line for each message, whatever a service or a file name put into it; a traceback of ours keeps its lines."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  the name that logging has
        record.message = escaped(record.message, LONGEST)
        return super().formatMessage(record)
