"""Back up a workspace, or chosen persons of it, into a folder.

Invariant: running it again is the resume, and the incremental backup too. Whenever it is killed, the folder holds the
last complete state, and what was downloaded since is not downloaded again.
"""

import os
from collections.abc import Callable, Collection
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

from attrs import evolve, frozen

from mi_async.backup.assets import back_up_assets
from mi_async.backup.destination import begun_writer
from mi_async.backup.format import ASSETS, PERSONS, TAGS, BackupInfo
from mi_async.backup.pace import DownloadLimit, DownloadPace
from mi_async.backup.people import back_up_persons
from mi_async.backup.report import BackupProgress, BackupReport
from mi_async.backup.service_members import kept
from mi_async.backup.work import BackupWork, DiskThread
from mi_async.backup.writer import BackupWriter
from mi_async.version import VERSION
from mi_async.workflows.context import Context

AT_ONCE = 12
"""Downloads of images at once at the most: 60 MB of the largest ones."""


@frozen
class BackupParts:
    """Parts of a backup besides persons.

    Attributes:
        images: images of thumbnails.
        indexes: indexes of assets.
        summaries: scene summaries of assets.
    """

    images: bool = True
    indexes: bool = True
    summaries: bool = True


async def back_up(
    context: Context,
    folder: str | os.PathLike[str],
    *,
    persons: Collection[int] | None = None,
    parts: BackupParts | None = None,
    verify: bool = False,
    progress: Callable[[BackupProgress], object] | None = None,
) -> BackupReport:
    """Back up a workspace into a folder; see ``Workspace.back_up``.

    Args:
        context: of the workspace.
        folder: a new or empty one, or one that holds a backup of this workspace.
        persons: IDs, for these alone: the backup gets or renews them, and keeps all else that it has.
        parts: what is backed up besides.
        verify: hold files that are there against their checksums, and download anew what does not fit.
        progress: is told of progress.
    """
    place, parts = Path(folder), parts or BackupParts()
    info = _info(context, parts, whole=persons is None)
    thread = DiskThread(place)
    opened: list[BackupWriter] = []

    def begin() -> BackupWriter:
        opened.append(begun_writer(place, info, verify=verify, now=context.clock.wall))
        return opened[0]

    def close() -> None:
        for writer in opened:
            writer.catalog.close()

    async with AsyncExitStack() as closing:
        closing.push_async_callback(thread.aclose, close)
        writer = await thread.run(begin)
        work = BackupWork(
            context, writer, thread, DownloadPace(context.clock.monotonic, DownloadLimit(AT_ONCE)), progress
        )
        await back_up_persons(work, images=parts.images, chosen=persons)
        await _back_up_tags(work)
        if persons is None:
            await back_up_assets(work, indexes=parts.indexes, summaries=parts.summaries)
        work.progress.stage = "lists"
        work.tell()
        info, changes = await work.disk(writer.finish)
    counts = work.progress
    return BackupReport(
        place,
        info,
        changes[PERSONS],
        changes[ASSETS],
        counts.downloaded,
        counts.bytes,
        counts.known,
        info.counts["problems"],
    )


def _info(context: Context, parts: BackupParts, *, whole: bool) -> BackupInfo:
    began = datetime.fromtimestamp(context.clock.wall(), UTC).isoformat(timespec="seconds")
    return BackupInfo(
        format=1,
        service=context.endpoint,
        workspace=context.groups.name,
        scope="workspace" if whole else "persons",
        began=began,
        software=f"mi-async {VERSION}",
        images=parts.images,
        indexes=parts.indexes,
        summaries=parts.summaries,
    )


async def _back_up_tags(work: BackupWork) -> None:
    tags = [tag async for tag in work.context.groups.person_tags.all(page_size=50)]
    await work.disk(work.writer.put_lines, TAGS, [(tag.id, evolve(tag, extra=kept(tag.extra))) for tag in tags])
