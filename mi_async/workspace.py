"""A workspace: its groups of operations, and the workflows as methods.

Law: adds no behaviour of its own.
"""

import asyncio
import os
from collections.abc import AsyncIterable, Callable, Iterable, Mapping

from mi_async._core.call import Calls
from mi_async._core.clock import Clock
from mi_async._core.limits import QuotaState
from mi_async.api import WorkspaceGroups
from mi_async.api.persons import Person
from mi_async.bulk.items import BadInput, PersonInput, ThumbnailUpload
from mi_async.bulk.options import Options
from mi_async.bulk.run import BulkRun
from mi_async.workflows.context import Context, Polling
from mi_async.workflows.enroll import enroll_person
from mi_async.workflows.source import Source
from mi_async.workflows.upload import Progress, State, Upload, bring

PARALLEL = 8
"""Pictures of one person that are under way at once."""


class Workspace(WorkspaceGroups):
    """One workspace of the account; made by ``session.workspace(name)``, which asks the service nothing."""

    def __init__(
        self,
        calls: Calls,
        name: str,
        *,
        clock: Clock,
        polling: Polling,
        held: asyncio.Semaphore,
        attempts: int,
        quotas: Callable[[], Mapping[str, QuotaState]],
        endpoint: str,
    ) -> None:
        super().__init__(calls, name)
        self._context = Context(
            entry=self,
            groups=WorkspaceGroups(calls.patient, name),
            put=calls.put,
            clock=clock,
            polling=polling,
            held=held,
            parallel=PARALLEL,
            attempts=attempts,
            quotas=quotas,
            endpoint=endpoint,
            account=calls.account,
            validate=calls.validate,
        )

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

    def enroll_many(
        self,
        people: Iterable[PersonInput | BadInput] | AsyncIterable[PersonInput | BadInput],
        *,
        journal: str | os.PathLike[str],
        total: int | None = None,
        fit: bool = False,
        max_failures: int | None = None,
        grace: float = 30.0,
        patience: float = 21_600.0,
    ) -> BulkRun:
        """Enroll any number of persons: as fast as the quotas allow, in flat memory, and each once whatever happens.

        To resume after a crash, an interruption or failures, make the same call again: what is finished costs no
        request, and what was under way is looked at before it is repeated.

        Args:
            people: what to enroll; it is gone through once and not ahead of the work, so a generator of a million is
                fine. A name that comes twice is refused the second time.
            journal: path of the file that remembers what is done. It belongs to this service, account, workspace and
                operation, and is refused for any other.
            total: how many there are, for the progress; by default ``len(people)`` where that is known.
            fit: make pictures of more than 5 MB smaller; the outcome says so. Needs Pillow.
            max_failures: stop when more items than this have ended in any way but done or skipped; None for never.
            grace: seconds for what is under way to land when the run is stopped or cancelled.
            patience: seconds for which a service that does not answer at all is waited for, by default 6 hours.

        Returns:
            A run, which does nothing before it is used: ``async for outcome in run`` or ``report = await run``.

        Raises:
            BulkError: by the run: it had to stop (keys refused, workspace missing, allowance of persons full, too many
                failures, a service that is gone); its cause says why, its ``report`` what was done.
            JournalError: by the run: the journal is not this run's, is in use, or cannot be written.
            ConfigError: an argument that cannot work, or the extra ``bulk`` is not installed.
        """
        options = Options(
            journal=journal, total=total, fit=fit, max_failures=max_failures, grace=grace, patience=patience
        )
        return BulkRun(self._context, people, PersonInput, options)

    def upload_thumbnails(
        self,
        items: Iterable[ThumbnailUpload | BadInput] | AsyncIterable[ThumbnailUpload | BadInput],
        *,
        journal: str | os.PathLike[str],
        total: int | None = None,
        fit: bool = False,
        max_failures: int | None = None,
        grace: float = 30.0,
        patience: float = 21_600.0,
    ) -> BulkRun:
        """Give any number of pictures to persons who exist; everything else is as in :meth:`enroll_many`.

        Pictures of one person are attached in the order of the input; the same picture for the same person is attached
        once.
        """
        options = Options(
            journal=journal, total=total, fit=fit, max_failures=max_failures, grace=grace, patience=patience
        )
        return BulkRun(self._context, items, ThumbnailUpload, options)
