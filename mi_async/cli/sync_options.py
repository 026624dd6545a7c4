"""Options of ``ingest-many --sync`` in one table; their defaults are those of ``plan_sync``."""

from typing import Annotated, Any

from attrs import fields, frozen
from cyclopts import Group, Parameter
from cyclopts.validators import Number

from mi_async.cli.confirmation import Confirm
from mi_async.errors import InvalidArgumentError
from mi_async.sync.defaults import SETTLE

SYNC = Group("Sync", sort_key=5)
PLAN = ("delete", "delete_objects", "delete_all", "replace", "max_delete", "settle")
"""Options of a plan, by the names of the arguments of ``plan_sync``."""


def _flag(text: str) -> Parameter:
    return Parameter(negative=(), show_default=False, group=SYNC, help=text)


@Parameter(name="*")
@frozen(kw_only=True)
class SyncFlags:
    """Options of a sync."""

    sync: Annotated[
        bool, _flag("Compare INPUT with the project first: list what is new, changed and gone; ingest what is new.")
    ] = False
    delete: Annotated[
        bool, _flag("Delete the assets of files that are gone, where runs over INPUT have registered them.")
    ] = False
    delete_objects: Annotated[bool, _flag("Delete their objects in the bucket, too.")] = False
    delete_all: Annotated[bool, _flag("Allow any number of deletions, and those below an empty folder.")] = False
    replace: Annotated[
        bool, _flag("Delete asset and object of files that have other content now, and ingest these anew.")
    ] = False
    max_delete: Annotated[
        int | None,
        Parameter(
            group=SYNC,
            validator=Number(gte=0),
            help="Most assets to delete; by default a tenth of what INPUT has brought, and never below ten.",
        ),
    ] = None
    settle: Annotated[
        float,
        Parameter(group=SYNC, validator=Number(gte=0), help="Seconds for which a file must not change to be taken."),
    ] = SETTLE
    confirm: Annotated[Confirm, Parameter(group=SYNC)] = None

    @property
    def of_plan(self) -> dict[str, Any]:
        """Options of the plan, by the names of its arguments."""
        return {name: getattr(self, name) for name in PLAN}

    def check_alone(self) -> None:
        """Refuse options of a sync where none is meant.

        Raises:
            InvalidArgumentError: one is given.
        """
        given = [member.name for member in fields(SyncFlags) if getattr(self, member.name) != member.default]
        if given:
            names = ", ".join(f"--{name.replace('_', '-')}" for name in given)
            message = f"{names}: only with --sync"
            raise InvalidArgumentError(message)
