"""Ingest one media file: into the bucket, registered, imported, analysed, summarised.

Invariant: everything that can be refused without a request is refused before the first one; an error says what exists.
Cancelling leaves the service's jobs running.
"""

import os

from attrs import define, evolve

from mi_async.errors import InvalidArgumentError
from mi_async.media.readable_source import ReadableSource, reader_of
from mi_async.storage.models import SCHEME, StoredObject, key_of_file
from mi_async.workflows.context import Context, known
from mi_async.workflows.effects import Effects, effects_of
from mi_async.workflows.ingest.asset_index import AssetIndex, asset_file_name
from mi_async.workflows.ingest.models import IngestedAsset, Ingestion, Stage
from mi_async.workflows.ingest.options import IngestOptions
from mi_async.workflows.ingest.received_file import own_name, received_file
from mi_async.workflows.ingest.resolve import linked_bucket, project_id_of
from mi_async.workflows.ingest.steps import IngestContext, checked, walk

UNKNOWN_BUCKET = "-"
"""In the place of the bucket while it is not known: that takes a request."""


@define(eq=False)
class LatestIngestion:
    """Observer that notes what exists by now and passes each value to the caller's progress function."""

    effects: Effects
    options: IngestOptions

    def changed(self, now: Ingestion) -> None:
        """Note and pass on a value, without the handle of a job: a caller may send it to another process."""
        self._note(now)
        if self.options.progress is not None:
            self.options.progress(evolve(now, pending=None))

    async def registering(self, now: Ingestion) -> None:
        """Note a value; a single call has no journal."""
        self._note(now)

    def _note(self, now: Ingestion) -> None:
        self.effects.created = created = now.created
        for kind, is_new in (("object", now.sent > 0), ("asset_id", not now.reused)):
            if kind in created and not is_new:
                self.effects.had(kind, created[kind])


async def ingest_asset(
    context: Context, source: str | os.PathLike[str] | StoredObject | ReadableSource, options: IngestOptions
) -> IngestedAsset:
    """Ingest a file or an object; see ``Workspace.ingest_asset``."""
    options.check(context)
    context.store.connection.check_meant()
    reader = reader_of(source)
    if reader is None:
        return await _ingest(context, source, options)
    name = own_name(source) if options.key is None else key_of_file("", options.key)
    async with received_file(context.store, reader, name, options.folder) as path:
        return await _ingest(context, path, evolve(options, key=name, state_folder=None))


async def _ingest(context: Context, source: object, options: IngestOptions) -> IngestedAsset:
    # The first step comes before the bucket and the project are asked for: a bad file costs no request.
    ingestion = await checked(context, _started(source, options))
    if not ingestion.is_object:
        bucket = await linked_bucket(context, options.bucket)
        ingestion = evolve(ingestion, place=StoredObject(bucket, known(ingestion.place).key))
    with effects_of("ingest_asset", options.key or ingestion.source) as effects:
        observer = LatestIngestion(effects, options)
        observer.changed(ingestion)
        project = await project_id_of(context, options.project)
        assets = AssetIndex(context, project, asset_file_name(known(ingestion.place).key))
        done = await walk(IngestContext(context, options, project, assets), ingestion, observer)
        observer.changed(evolve(done, stage=Stage.DONE, state=None))
    return IngestedAsset(known(done.asset), done.index, done.summary, known(done.place), done.sent, done.reused)


def _started(source: object, options: IngestOptions) -> Ingestion:
    """Return the value before its first step.

    Raises:
        InvalidArgumentError: no object can have this name, or an object is given a name.
    """
    place = StoredObject.parse(source) if isinstance(source, str) and source.startswith(SCHEME) else source
    if isinstance(place, StoredObject):
        if (options.bucket, options.key) != (None, None):
            message = f"{place} names bucket and key already: give neither"
            raise InvalidArgumentError(message)
        return Ingestion(str(place), place=place, is_object=True)
    if not isinstance(place, str | os.PathLike):
        message = f"source must be a path, a stored object or a readable object, got {type(place).__name__}"
        raise InvalidArgumentError(message)
    name = os.fsdecode(place)
    return Ingestion(name, place=StoredObject(options.bucket or UNKNOWN_BUCKET, key_of_file(name, options.key)))
