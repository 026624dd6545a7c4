"""Workflows that keep an archive in order, as methods of a workspace.

Invariant: adds no behaviour of its own; each method imports what it starts, so that nobody else pays for it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import mi_async
from mi_async.api import WorkspaceGroups
from mi_async.argument_types import BulkOperation, Items, RebuildProgress

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

    async def rebuild_journal(
        self,
        items: Items[mi_async.PersonInput | mi_async.ThumbnailUpload | mi_async.BadInput],
        *,
        journal: str | os.PathLike[str],
        operation: BulkOperation = "enroll_many",
        assume_counts: bool = False,
        progress: RebuildProgress | None = None,
    ) -> mi_async.JournalRebuild:
        """Rebuild a lost journal from what the service has of an input; nothing is changed at the service.

        The next run with the new journal takes it up: persons who are complete cost no request, the others get only
        what is missing. An image counts as there if a thumbnail of the person is of its very content, as the names of
        images uploaded by this package tell. Where a person has thumbnails of unknown content, nobody can tell if an
        image is among them: nothing is uploaded for it, and it is listed (code ``UNCLEAR``) until ``journal retry``.
        So it is with a person whose images somebody of another name has (code ``RENAMED``). A person who has the name
        and none of the images stays refused (50005), as without a journal.

        Persons are looked up one by one, or in one listing of all, whichever takes fewer requests. Stopped at any
        moment, the same call resumes: what it has found so far is in ``<journal>.unfinished``, which no run takes for
        a journal of that name.

        Args:
            items: the input of the lost journal, as in :meth:`enroll_many` or :meth:`upload_thumbnails`: paths and
                bytes are read here and again by the run, so a readable object serves only one of them.
            journal: path of the new journal, which must not exist.
            operation: the method whose runs take it up.
            assume_counts: take a person's thumbnails of unknown content for the images that nobody can tell of, where
                there are at least as many of them.
            progress: called with the counts so far.

        Raises:
            JournalError: there is something at ``journal``, it is a URL of PostgreSQL, or it cannot be written.
            InvalidArgumentError: an item is of another class than the operation takes.
            ConfigError: the extra ``bulk`` is not installed.
            APIError: the service does not answer; what was found is kept.
        """
        context = await self._ready()
        from mi_async.bulk.rebuild.rebuild import FACE_KINDS, RebuildOptions, rebuild_faces

        kind = FACE_KINDS.get(operation)
        if kind is None:
            message = f"operation must be one of {', '.join(FACE_KINDS)}, got {operation!r}"
            raise mi_async.InvalidArgumentError(message)
        return await rebuild_faces(context, kind, items, RebuildOptions(journal, assume_counts, progress))
