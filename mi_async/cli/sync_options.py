"""Options of ``ingest-many --sync`` in one table; their defaults are those of ``plan_sync``."""

import shlex
import shutil
from collections.abc import Sequence
from typing import Annotated, Any

from attrs import fields, frozen
from cyclopts import Group, Parameter
from cyclopts.validators import Number

from mi_async.cli.confirmation import Confirm
from mi_async.errors import InvalidArgumentError
from mi_async.sync.defaults import INTERVAL, SETTLE
from mi_async.text import escaped

SYNC = Group("Sync", sort_key=5)
PLAN = ("delete", "delete_objects", "delete_all", "replace", "give_up", "max_delete", "settle")
"""Options of a plan, by the names of the arguments of ``plan_sync``."""
WATCH = ("interval", "run", "passes")
"""Options of a watch."""


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
    give_up: Annotated[
        bool, _flag("Do not finish deletions that were confirmed before; the plan has them as new ones.")
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
    watch: Annotated[
        bool, _flag("Look at INPUT at an interval until stopped, and ingest what is new; nothing is deleted.")
    ] = False
    interval: Annotated[
        float, Parameter(group=SYNC, validator=Number(gte=0), help="Seconds between two looks of --watch.")
    ] = INTERVAL
    run: Annotated[
        str | None,
        Parameter(
            group=SYNC,
            help="Program and arguments for each asset that --watch has finished: facts in MI_ASYNC_ASSET_ID, _KEY, "
            "_OBJECT, _SOURCE and _STATE, and as JSON on standard input. No shell.",
        ),
    ] = None
    passes: Annotated[
        int | None, Parameter(group=SYNC, validator=Number(gte=1), help="Looks after which --watch ends.")
    ] = None

    @property
    def of_plan(self) -> dict[str, Any]:
        """Options of the plan, by the names of its arguments."""
        return {name: getattr(self, name) for name in PLAN}

    @property
    def words(self) -> list[str]:
        """Program and arguments of the command, none without one.

        Raises:
            InvalidArgumentError: a quotation mark has no partner.
        """
        try:
            return shlex.split(self.run or "")
        except ValueError as error:
            message = f"--run: {error}"
            raise InvalidArgumentError(message) from error

    def check(self) -> None:
        """Refuse options of a sync or a watch where none is meant.

        Raises:
            InvalidArgumentError: one is given.
        """
        if not self.sync and not self.watch:
            self._refuse((*PLAN, "confirm"), "only with --sync")
        if self.watch and self.sync:
            message = "--sync compares once and --watch looks at an interval: give one of them"
            raise InvalidArgumentError(message)
        if self.watch:
            self._refuse((*PLAN, "confirm"), "not with --watch, which deletes nothing and takes what has settled")
            self._check_run()
        elif self.sync and self.confirm is not None and not self.delete and not self.replace:
            message = "--confirm: only with --delete or --replace, which it confirms"
            raise InvalidArgumentError(message)
        else:
            self._refuse(WATCH, "only with --watch")

    def _check_run(self) -> None:
        if self.run is None:
            return
        if not (words := self.words):
            message = "--run: no program is named"
            raise InvalidArgumentError(message)
        if shutil.which(words[0]) is None:  # as exec looks for it: a path, or a name on PATH
            message = f"--run: no program that can be started: {escaped(words[0])}"
            raise InvalidArgumentError(message)

    def _refuse(self, names: Sequence[str], why: str) -> None:
        defaults = {member.name: member.default for member in fields(SyncFlags)}
        given = [f"--{name.replace('_', '-')}" for name in names if getattr(self, name) != defaults[name]]
        if given:
            message = f"{', '.join(given)}: {why}"
            raise InvalidArgumentError(message)
