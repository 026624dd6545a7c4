"""Projects and assets of a workspace into a backup, with their indexes and scene summaries.

Invariant: an index is kept as the service answered it, without presigned URLs; that an asset has none is no problem.
"""

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Any, TypeVar

from attrs import define, evolve

from mi_async._core.declare import raw
from mi_async._core.http_messages import Raw
from mi_async.api.assets import Asset
from mi_async.backup.batches import batches
from mi_async.backup.downloads import FailureStreak
from mi_async.backup.format import ASSETS, INDEXES, PROJECTS, SUMMARIES, BackupAsset, BackupProblem
from mi_async.backup.pace import DownloadLimit, DownloadPace
from mi_async.backup.service_members import kept
from mi_async.backup.work import BackupWork
from mi_async.errors import (
    AuthenticationError,
    InvalidRequestError,
    MIError,
    NotFoundError,
    PermissionDeniedError,
    QuotaError,
    ResponseError,
)
from mi_async.models import Model
from mi_async.workflows.absence import asset_of, tells_no_asset, tells_no_project, tells_no_result

M = TypeVar("M", bound=Model)

PAGE = 100
"""Assets that are worked on before the next page but one is asked for."""
AT_ONCE = 8
"""Assets at once at the most: of each, one document is in memory."""
DAY = 86_400.0
"""Seconds for which documents of an interrupted run are taken over."""

Answer = Callable[[int, int], Awaitable[Raw[Any]]]


async def back_up_assets(work: BackupWork, *, indexes: bool, summaries: bool) -> None:
    """Back up the projects of a workspace, and their assets.

    Args:
        work: the backup.
        indexes: True to download the indexes.
        summaries: True to download the scene summaries.
    """
    work.progress.stage = "assets"
    projects = await work.context.groups.projects.list()
    await work.disk(work.writer.put_lines, PROJECTS, [(each.project_id, _clean(each)) for each in projects])
    media = _Media(work, (await work.context.describe()).bucket_name, indexes, summaries, FailureStreak())
    pace = DownloadPace(work.context.clock.monotonic, DownloadLimit(AT_ONCE))
    for project in projects:
        try:
            found = work.context.groups.assets.all(project.project_id, page_size=PAGE)
            async with aclosing(found), aclosing(batches(found, PAGE)) as pages:
                async for assets in pages:
                    await pace.each(media.back_up, [(pace, asset) for asset in assets])
        except NotFoundError as error:
            if not tells_no_project(error):
                raise
            await work.lost(BackupProblem("project", project.project_id, "gone", f"{project.name}: it has vanished"))


@define(eq=False)
class _Media:
    """Assets of one backup.

    Attributes:
        work: the backup.
        bucket: that the workspace is linked to.
        indexes: True to download the indexes.
        summaries: True to download the scene summaries.
        streak: of documents that the service fails to give.
    """

    work: BackupWork
    bucket: str | None
    indexes: bool
    summaries: bool
    streak: FailureStreak

    async def back_up(self, item: tuple[DownloadPace, Asset]) -> None:
        """Back up one asset."""
        pace, asset = item
        began = pace.now()
        line = await self._with_key(_line(asset, self.bucket))
        if line is None:
            return
        writer = self.work.writer
        earlier = await self.work.disk(writer.earlier_asset, asset.asset_id, DAY)
        if earlier is None:
            documents = await self._documents(asset)
            pace.landed(began)
        else:
            documents = {"index": earlier.index, "summary": earlier.summary}
        files = {kind: found for kind, found in documents.items() if not isinstance(found, BackupProblem)}
        problems = [found for found in documents.values() if isinstance(found, BackupProblem)]
        await self.work.lost(*problems)
        line = evolve(line, index=files.get("index"), summary=files.get("summary"))
        await self.work.disk(writer.put_lines, ASSETS, [(asset.asset_id, line)], whole=not problems)
        self.work.progress.assets += 1
        self.work.tell()

    async def _with_key(self, line: BackupAsset) -> BackupAsset | None:
        """Return an asset with its key, None where it is gone: listings perhaps do not tell keys."""
        if line.key is not None:
            return line
        asset = await asset_of(self.work.context, line.project_id, line.asset_id)
        if asset is None:
            await self.work.lost(BackupProblem("asset", line.asset_id, "gone", f"{line.file_name}: it has vanished"))
            return None
        return _line(asset, self.bucket)

    async def _documents(self, asset: Asset) -> dict[str, str | BackupProblem | None]:
        """Write the documents that are wanted; return what became of each."""
        groups = self.work.context.entry  # raw() needs it; neither has a quota that the caller might not wait for
        found: dict[str, str | BackupProblem | None] = {}
        if self.indexes:
            found["index"] = await self._document("index", INDEXES, asset, raw(groups.indexes.get))
        if self.summaries:
            found["summary"] = await self._document("summary", SUMMARIES, asset, raw(groups.scene_summaries.get))
        return found

    async def _document(self, kind: str, folder: str, asset: Asset, ask: Answer) -> str | BackupProblem | None:
        """Write what the service has of an asset; return the name of its file, None where it has nothing."""
        try:
            answer = await ask(asset.project_id, asset.asset_id)
        except (AuthenticationError, PermissionDeniedError, QuotaError):
            raise
        except MIError as error:
            return None if tells_no_result(error) else self._failed(kind, asset, error)
        self.streak.end()
        file = f"{folder}/{asset.asset_id}.json"
        number = 2 * asset.asset_id + (folder == SUMMARIES)
        await self.work.disk(self.work.writer.put_answer, file, number, answer.body)
        self.work.progress.documents += 1
        return file

    def _failed(self, kind: str, asset: Asset, error: MIError) -> BackupProblem:
        reason = "gone" if tells_no_asset(error) or tells_no_project(error) else "refused"
        is_answer = isinstance(error, InvalidRequestError) or (
            isinstance(error, ResponseError) and error.path is not None
        )
        if reason != "gone" and not is_answer:
            self.streak.failed(error)
        return BackupProblem(kind, asset.asset_id, reason, f"{asset.file_name}: {error}")


def _line(asset: Asset, bucket: str | None) -> BackupAsset:
    meta = None if asset.meta_data is None else _clean(asset.meta_data)
    return BackupAsset(
        asset.asset_id,
        asset.project_id,
        asset.file_name,
        bucket,
        asset.key,
        meta,
        asset.create_user_name,
        extra=kept(asset.extra),
    )


def _clean(model: M) -> M:
    """Return a model without presigned URLs in what it does not name."""
    return evolve(model, extra=kept(model.extra))
