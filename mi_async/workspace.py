"""A workspace: its groups of operations, and the workflows as methods.

Law: adds no behaviour of its own.
"""

import asyncio
from collections.abc import Iterable

from mi_async._core.call import Calls
from mi_async._core.clock import Clock
from mi_async.api import WorkspaceGroups
from mi_async.api.persons import Person
from mi_async.workflows.context import Context, Polling
from mi_async.workflows.enroll import enroll_person
from mi_async.workflows.source import Source
from mi_async.workflows.upload import Progress, State, Upload, bring

PARALLEL = 8
"""Pictures of one person that are under way at once."""


class Workspace(WorkspaceGroups):
    """One workspace of the account; made by ``session.workspace(name)``, which asks the service nothing."""

    def __init__(
        self, calls: Calls, name: str, *, clock: Clock, polling: Polling, held: asyncio.Semaphore, attempts: int
    ) -> None:
        super().__init__(calls, name)
        patient = WorkspaceGroups(calls.patient, name)
        self._context = Context(self, patient, calls.put, clock, polling, held, PARALLEL, attempts, calls.validate)

    def __repr__(self) -> str:
        """Name the workspace."""
        return f"Workspace({self.name!r})"

    async def upload_thumbnail(
        self, person_id: int, source: Source, *, primary: bool = False, progress: Progress | None = None
    ) -> Upload:
        """Give a person one more picture: presign, PUT to Object Storage, poll completion, attach.

        Args:
            person_id: number of the person.
            source: a path, bytes, or an object with ``read`` (sync or async); jpg, png or webp by content, at most
                5 MB, at least 256 px wide and high. Read once, off the event loop, and held in memory.
            primary: make it the person's main picture.
            progress: a plain function, called with the :class:`Upload` after each step; after a failed PUT the state
                is NEW once more.

        Returns:
            The upload in state ATTACHED; its ``thumbnails`` are all that the person then has.

        Raises:
            ImageRejectedError: the picture breaks a rule; nothing was sent.
            UploadFailedError: the storage or the service refused the picture.
            MIError: any other failure; ``created`` tells what had been done, also on a cancellation.

        Source: maiu-upload-person-thumbnail-url, maiu-upload-person-thumbnail-status, maiu-set-person-thumbnail.
        """
        return await bring(
            self._context, source, State.ATTACHED, person_id=person_id, primary=primary, progress=progress
        )

    async def enroll_person(
        self,
        name: str,
        sources: Iterable[Source],
        *,
        description: str | None = None,
        tags: Iterable[str] = (),
        progress: Progress | None = None,
    ) -> Person:
        """Create a person with pictures and tags, exactly once whatever the network does.

        Pictures go up several at a time, missing tags are created, and a create whose answer was lost is settled by
        looking the name up.

        Args:
            name: 1 to 50 characters, unique in the workspace; sent in Unicode NFC.
            sources: pictures as in :meth:`upload_thumbnail`, at least one; the first becomes the main one.
            description: 1 to 700 characters.
            tags: names of 1 to 30 characters.
            progress: a plain function, called with each :class:`Upload` after each of its steps, up to ATTACHED once
                the person is there.

        Raises:
            InvalidArgumentError: a name, description or tag out of bounds, no picture; nothing was sent.
            ImageRejectedError: a picture breaks a rule; nothing was sent.
            ConflictError: the name is in use.
            MIError: any other failure; ``created`` holds ``person_id``, ``tag_ids`` and ``thumbnail_keys`` as far
                as they exist, also on a cancellation.

        Source: maiu-create-persons, maiu-create-person-tags, maiu-add-person-tags.
        """
        return await enroll_person(self._context, name, sources, description=description, tags=tags, progress=progress)
