"""Workflows that keep an archive in order, as methods of a workspace.

Invariant: adds no behaviour of its own; each method imports what it starts, so that nobody else pays for it.
"""

from __future__ import annotations

import os
from collections.abc import Collection
from typing import TYPE_CHECKING

import mi_async
from mi_async.api import WorkspaceGroups
from mi_async.argument_types import BackupWatch

if TYPE_CHECKING:
    from functools import cached_property

    from mi_async.workflows.context import Context


class ArchiveWorkflows(WorkspaceGroups):
    """Part of :class:`Workspace`: the order of an archive, from faces without a name to backups."""

    __slots__ = ()

    if TYPE_CHECKING:  # both are the workspace's

        @cached_property
        def _context(self) -> Context: ...

        async def _ready(self) -> Context: ...

    async def back_up(
        self,
        folder: str | os.PathLike[str],
        *,
        persons: Collection[int] | None = None,
        images: bool = True,
        indexes: bool = True,
        summaries: bool = True,
        verify: bool = False,
        progress: BackupWatch | None = None,
    ) -> mi_async.BackupReport:
        """Back up the workspace into a folder: persons with their images, tags, projects, assets, indexes, summaries.

        The same call again is the resume of one that was interrupted, and the incremental backup: an image whose
        thumbnail the backup has is not downloaded again. Until the new state is complete the folder shows the one
        before; :func:`mi_async.backup.open_backup` reads it, and docs/backup.md describes its files. Nothing is ever
        deleted from it. Memory does not grow with the workspace.

        Args:
            folder: a new or empty folder, or one with a backup of this workspace. It holds faces: only its owner can
                read it.
            persons: IDs, to back up these alone; all others that the folder has stay as they are there.
            images: download the images of thumbnails.
            indexes: download the indexes of assets.
            summaries: download the scene summaries of assets.
            verify: hold the images that are there against their checksums, not only their sizes, and download those
                that do not fit.
            progress: a plain function, called with the present :class:`mi_async.BackupProgress` some times a second.

        Returns:
            The report: what is new, changed, unchanged and gone. ``complete`` is False if something could not be had,
            such as an image that vanished meanwhile; ``problems.jsonl`` in the folder has each.

        Raises:
            InvalidArgumentError: the folder holds something else, a backup of another workspace or service, or is
                being written by another backup.
            ResourceError: the disk is full or fails; what is there stays.
            MIError: any other failure of the service or the storage; the same call resumes.

        Source: mi-search-persons, maiu-person-details, maiu-list-person-tags, maiu-list-projects, mi-list-assets,
        mi-get-index, mi-get-scene-summary-result.
        """
        context = await self._ready()
        from mi_async.backup.run import BackupParts, back_up

        parts = BackupParts(images, indexes, summaries)
        return await back_up(context, folder, persons=persons, parts=parts, verify=verify, progress=progress)
