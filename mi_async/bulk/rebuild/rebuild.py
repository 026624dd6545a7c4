"""Wiring of a rebuild: the only place of this room where objects are put together."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sized
from contextlib import aclosing, asynccontextmanager, closing

from attrs import frozen

from mi_async.argument_types import RebuildProgress
from mi_async.bulk.factory import OPERATIONS
from mi_async.bulk.images.file_threads import FileThreads
from mi_async.bulk.inputs.batching import chunks
from mi_async.bulk.inputs.models import Input, PersonInput, ThumbnailUpload
from mi_async.bulk.inputs.reading import Reading, begun
from mi_async.bulk.journal.place import Journalled, shown_journal
from mi_async.bulk.plan.dedup import FirstSeen
from mi_async.bulk.rebuild.content import content_of_file, reader_of
from mi_async.bulk.rebuild.face_rebuild import FaceKind, FaceRebuild
from mi_async.bulk.rebuild.listed_persons import ListedPersons
from mi_async.bulk.rebuild.person_lookup import PersonLookup
from mi_async.bulk.rebuild.result import JournalRebuild
from mi_async.bulk.rebuild.unfinished_journal import unfinished_journal
from mi_async.errors import MIError
from mi_async.workflows.context import Context

FACE_KINDS: Mapping[str, FaceKind] = {"enroll_many": PersonInput, "upload_thumbnails": ThumbnailUpload}
"""Classes of the items, by the method whose runs take the journal up."""


@frozen
class RebuildOptions:
    """Options of a rebuild.

    Attributes:
        journal: path of the new journal.
        assume_counts: numbers of thumbnails speak for images of unknown content.
        progress: is told of the counts so far.
    """

    journal: Journalled
    assume_counts: bool = False
    progress: RebuildProgress | None = None


async def rebuild_faces(context: Context, kind: FaceKind, items: Input, options: RebuildOptions) -> JournalRebuild:
    """Rebuild the journal of an enrolling run; see ``Workspace.rebuild_journal``."""
    shown = shown_journal(options.journal)
    async with _face_rebuild(context, kind, items, options) as rebuild:
        lookup = rebuild.lookup.path.value
        async with aclosing(chunks(begun(items))) as coming:
            async for chunk in coming:
                await rebuild.take(chunk)
                if options.progress is not None:
                    options.progress(rebuild.counts.result(shown, lookup))
        await rebuild.finish()
        # the search for a name that is no filter may have become a listing
    return rebuild.counts.result(shown, rebuild.lookup.path.value)


@asynccontextmanager
async def _face_rebuild(
    context: Context, kind: FaceKind, items: Input, options: RebuildOptions
) -> AsyncGenerator[FaceRebuild]:
    async with unfinished_journal(context, OPERATIONS[kind], options.journal) as journal:
        with (
            closing(ListedPersons()) as told,
            closing(FirstSeen()) as firsts,
            closing(FileThreads(content_of_file)) as threads,
        ):
            lookup = PersonLookup(context, told)
            await lookup.begin(await counted(items), by_name=kind is PersonInput)
            yield FaceRebuild(
                journal, kind, lookup, told, firsts, reader_of(threads), context.validate, options.assume_counts
            )


async def counted(items: Input) -> int | None:
    """Return the number of items of an input, None where that is not known at little cost."""
    if not isinstance(items, Reading):
        return len(items) if isinstance(items, Sized) else None
    try:
        return await asyncio.to_thread(items.counted)
    except (MIError, OSError):
        return None  # whoever goes through it meets the fault, and says so
