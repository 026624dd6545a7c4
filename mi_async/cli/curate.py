"""``curate``: faces that the service found and doubles of persons, as pages to look at and tables to fill in.

Invariant: a table that may be filled in is never replaced unasked. ``unnamed`` and ``duplicates`` change nothing at the
service.
"""

from cyclopts import App

from mi_async.cli.curate_find import duplicates, unnamed
from mi_async.cli.curate_run import merge, name_persons


def curate_app(name: str) -> App:
    """Return the commands under this name."""
    app = App(name=name, help_epilogue="")
    for command in (unnamed, duplicates, merge):
        app.command(command)
    app.command(name_persons, name="name")
    return app
