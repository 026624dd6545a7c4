"""Objects of a backup's assets that somebody has replaced since: another size than the asset's is another media file.

Invariant: asks and changes nothing. Only proof leaves an asset out: a storage that does not answer speaks for nothing.
"""

from collections.abc import Generator

from attrs import define, field

from mi_async._core.concurrency import run_concurrently
from mi_async.bulk.plan.dedup import FindAssets, existing, remembered_assets
from mi_async.errors import MIError, NotFoundError
from mi_async.restore.assets import AssetsByProject, OldAsset
from mi_async.restore.groups import TargetGroups
from mi_async.restore.not_carried import LossCounts, NotCarried
from mi_async.restore.options import RestoreOptions
from mi_async.storage.responses import head_of
from mi_async.workflows.context import Context

PARALLEL = 8
"""Objects that are looked up at once."""
SECONDS = 10.0
"""Time that a storage has for an answer; one that takes longer is asked about nothing more."""


@define(eq=False)
class ReplacedObjects:
    """Looks up the objects of assets.

    Attributes:
        context: the workspace.
        assets: of the backup; those of another object are taken out.
        losses: is told of these.
        groups: projects of the workspace.
    """

    context: Context
    assets: AssetsByProject
    losses: LossCounts
    groups: TargetGroups
    _silent: bool = field(init=False, default=False)
    _replaced: list[int] = field(init=False, factory=list)

    async def leave_out(self, options: RestoreOptions) -> None:
        """Look all objects up whose size the backup knows, but those of assets that an earlier run has begun.

        Raises:
            JournalError: the journal of the assets cannot be read.
        """
        if self.context.store.connection.unset:
            return  # a plan needs no storage
        with remembered_assets(existing(options.assets_journal)) as find:
            await run_concurrently(self._look, self._unbegun(find), lambda: PARALLEL)
        self.assets.leave_out(self._replaced)

    def _unbegun(self, find: FindAssets) -> Generator[OldAsset]:
        for project in self.assets.counts():
            number = self.groups.project(project)
            for old in self.assets.of(project):
                begun = any(
                    (row.project_id, row.place) == (number, str(old.item.source))
                    for row in find([old.item.place("").key])
                )
                if old.item.size and not self._silent and not begun:
                    yield old

    async def _look(self, old: OldAsset) -> None:
        place, size = old.item.place(""), old.item.size
        try:
            answer = await self.context.store.connection.ask("head_object", place, seconds=SECONDS)
        except NotFoundError:
            return  # the run says so
        except MIError:
            self._silent = True
            return
        if (found := head_of(answer).size) != size:
            message = f"{place} has {found:,} bytes and the asset had {size:,}: another object has its name now"
            self.losses(NotCarried("replaced", str(old.id), old.item.origin, message))
            self._replaced.append(old.id)
