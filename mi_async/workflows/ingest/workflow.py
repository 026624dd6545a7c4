"""Ingest a media file: into the bucket, registered, imported, analysed, summarised.

Law: everything that can be refused without a request is refused before the first one; what is there already is looked
for before anything is made; an error says what exists. Cancelling leaves the service's jobs running.
"""

import asyncio
import inspect
import os
import unicodedata
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

from attrs import define, evolve, frozen

from mi_async._core.declare import operations_of
from mi_async.api.assets import Asset
from mi_async.api.indexes import Index, Indexes
from mi_async.api.scene_summaries import SceneSummaries, SceneSummary
from mi_async.api.workspaces import WorkspaceInfo
from mi_async.errors import (
    AlreadyExistsError,
    ImportFailedError,
    InvalidArgumentError,
    NotFoundError,
)
from mi_async.media.limits import check_name, check_not_empty, inspect_media
from mi_async.storage.local_file import LocalFile, open_file
from mi_async.storage.models import SCHEME, StoredObject
from mi_async.storage.object_store import ObjectHead, ObjectStore
from mi_async.storage.upload import SendProgress, send
from mi_async.workflows.context import Context, tell_created
from mi_async.workflows.ingest.asset_index import find_assets
from mi_async.workflows.ingest.models import IfExists, IngestedAsset, Ingestion, IngestProgress, Stage
from mi_async.workflows.ingest.object_marker import mark, older_than
from mi_async.workflows.ingest.register import register_once, reusable
from mi_async.workflows.ingest.resolve import ask_for_index, ask_for_summary, linked_bucket, project_number
from mi_async.workflows.jobs.job import Job, import_job
from mi_async.workflows.jobs.start import AnalysisOptions

T = TypeVar("T")
ANALYSIS = next(operation for operation in operations_of(Indexes) if operation.name == "request")
SUMMARY = next(operation for operation in operations_of(SceneSummaries) if operation.name == "request")
OPTIONS = AnalysisOptions.__optional_keys__
"""Names in ``analysis``."""


@frozen
class IngestContext:
    """What an ingestion needs of a session.

    Attributes:
        context: the workspace.
        store: Object Storage.
        describe: tells the workspace's bucket.
    """

    context: Context
    store: ObjectStore
    describe: Callable[[], Awaitable[WorkspaceInfo]]


@frozen(kw_only=True)
class IngestOptions:
    """What is wanted, checked; the attributes are described at ``Workspace.ingest_asset``."""

    project: int | str | None = None
    bucket: str | None = None
    key: str | None = None
    analyze: bool = True
    summarize: bool = False
    if_exists: IfExists = "reuse"
    analysis: AnalysisOptions | None = None
    locale: str | None = None
    timeout: float | None = None
    state_folder: str | os.PathLike[str] | None = None
    progress: IngestProgress | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse what cannot be meant."""
        mistakes = {
            "if_exists is reuse, duplicate or error": self.if_exists not in get_args(IfExists),
            "a scene summary needs an analysis: summarize and no analysis exclude each other": (
                self.summarize and not self.analyze
            ),
            "locale is the language of a summary: only with summarize": self.locale is not None and not self.summarize,
            "analysis says how to analyse: not with analyze=False": bool(self.analysis) and not self.analyze,
            f"analysis takes {', '.join(sorted(OPTIONS))}": not isinstance(self.analysis, Mapping | None)
            or not OPTIONS.issuperset(self.analysis or ()),
            f"timeout is a number of seconds from 0, not {self.timeout!r}": self.timeout is not None
            and not (isinstance(self.timeout, int | float) and self.timeout >= 0),
            "project is a number or a name": not isinstance(self.project, int | str | None)
            or isinstance(self.project, bool),
            "progress is called and not awaited: give a plain function": inspect.iscoroutinefunction(self.progress),
        }
        if said := next((text for text, wrong in mistakes.items() if wrong), None):
            raise InvalidArgumentError(said)

    def check(self, context: Context) -> None:
        """Build the requests that come after the upload, as far as they can be, and so hold them against their bounds.

        Raises:
            InvalidArgumentError: the service would refuse them.
        """
        asset = {"workspace_name": context.groups.name, "project_id": 0, "asset_id": 0}
        ANALYSIS.build({**asset, **(self.analysis or {})}, validate=context.validate)
        SUMMARY.build({**asset, "locale": self.locale}, validate=context.validate)

    @property
    def folder(self) -> Path | None:
        """Where the record of an unfinished upload is kept."""
        return None if self.state_folder is None else Path(self.state_folder)


def already_there(place: StoredObject, numbers: Sequence[int]) -> AlreadyExistsError:
    """What ``if_exists="error"`` leads to."""
    message = f"the project has assets of {place.key!r} already: {', '.join(map(str, numbers))}"
    return AlreadyExistsError(message, existing=tuple(numbers))


async def ingest_asset(
    intake: IngestContext, source: str | os.PathLike[str] | StoredObject, wish: IngestOptions
) -> IngestedAsset:
    """Bring a file or an object in; see ``Workspace.ingest_asset``."""
    wish.check(intake.context)
    intake.store.connection.check_meant()
    place = StoredObject.parse(source) if isinstance(source, str) and source.startswith(SCHEME) else source
    if not isinstance(place, StoredObject):
        return await _ingest_file(intake, place, wish)
    if (wish.bucket, wish.key) != (None, None):
        message = f"{place} names bucket and key already: give neither"
        raise InvalidArgumentError(message)
    run = _Run(intake, wish, Ingestion(str(place), place=place))
    return await run.ingest(place, None)


async def _ingest_file(intake: IngestContext, source: str | os.PathLike[str], wish: IngestOptions) -> IngestedAsset:
    async with open_file(source) as file:
        run = _Run(intake, wish, Ingestion(file.name, size=file.size))
        check_not_empty(file.size, file.name)
        if intake.context.validate:
            await asyncio.to_thread(inspect_media, file.read, file.size, file.name)
        bucket = await linked_bucket(intake.context, intake.describe(), wish.bucket)
        # In Unicode NFC, so that a name typed on one system is found on another.
        key = unicodedata.normalize("NFC", Path(file.name).name) if wish.key is None else wish.key
        if intake.context.validate:
            check_name(key, file.size)
        return await run.ingest(StoredObject(bucket, key), file)


@define(eq=False)
class _Run:
    """One ingestion under way."""

    intake: IngestContext
    wish: IngestOptions
    at: Ingestion
    is_stored: bool = False
    older: frozenset[int] = frozenset()  # assets of the key that were made of another object

    async def ingest(self, place: StoredObject, file: LocalFile | None) -> IngestedAsset:
        """Take all steps; an error tells what exists."""
        try:
            return await self._ingest(place, file)
        except BaseException as error:
            made: dict[str, Any] = {"object": str(place)} if self.is_stored else {}
            if self.at.asset_id is not None:
                made["asset_id"] = self.at.asset_id
            tell_created(error, **made)
            raise

    async def _ingest(self, place: StoredObject, file: LocalFile | None) -> IngestedAsset:
        context, wish = self.intake.context, self.wish
        self._tell(place=place)
        project = await project_number(context, wish.project)
        asset, reused = await self._imported(project, place, file)
        index = await self._analyse(project, asset.asset_id, reused=reused) if wish.analyze else None
        summary = await self._summarise(project, asset.asset_id, reused=reused) if wish.summarize else None
        self._tell(stage=Stage.DONE, state=None)
        return IngestedAsset(asset, index, summary, place, self.at.sent, reused)

    def _tell(self, **changes: Any) -> None:
        self.at = evolve(self.at, **changes)
        if self.wish.progress is not None:
            self.wish.progress(self.at)

    async def _imported(self, project: int, place: StoredObject, file: LocalFile | None) -> tuple[Asset, bool]:
        """The asset, once it is imported, and whether it was there before."""
        while True:
            number, reused = await self._registered(project, place, file)
            job = import_job(self.intake.context, project, number, fresh=not reused)
            try:
                return await self._wait(Stage.IMPORT, job, number), reused
            except ImportFailedError:
                if not reused:
                    raise

    async def _registered(self, project: int, place: StoredObject, file: LocalFile | None) -> tuple[int, bool]:
        """Number of an asset of the object, and whether it was there before; nobody else is at the object meanwhile."""
        context, if_exists = self.intake.context, self.wish.if_exists
        async with context.object_locks.turn(place):
            found = await find_assets(context, project, place.key)
            if not self.is_stored:
                if found and if_exists == "error":
                    raise already_there(place, found)
                await self._bring(project, place, file, found)
            if if_exists == "reuse":
                usable = [number for number in found if number not in self.older]
                if (number := await reusable(context, project, usable, self.at.size)) is not None:
                    return number, True
            return await register_once(context, project, place, found), False

    async def _bring(self, project: int, place: StoredObject, file: LocalFile | None, found: Sequence[int]) -> None:
        """See to it that the object is there, and find out which assets are older than it is."""
        context, store = self.intake.context, self.intake.store
        if file is None:
            self.older = older_than(context, project, await self._look(place), found)
        elif not await self._send(place, file, mark(context, project, found)):
            self.older = frozenset(found)
        elif found:
            self.older = older_than(context, project, await store.head(place), found)

    async def _look(self, place: StoredObject) -> ObjectHead:
        """Find out about an object that is said to be there."""
        head = await self.intake.store.head(place)
        if head is None:
            raise NotFoundError(404, "", f"{place}: there is no such object", operation="storage")
        if self.intake.context.validate:
            check_name(place.key, head.size)
        self.is_stored = True
        self._tell(size=head.size, found=head.size)
        return head

    async def _send(self, place: StoredObject, file: LocalFile, metadata: Mapping[str, str]) -> bool:
        """Bring the file into the bucket; tells whether it was there."""

        def sent(sending: SendProgress) -> None:
            self.is_stored = sending.etag is not None
            stage = self.at.stage if sending.was_there else Stage.UPLOAD
            self._tell(stage=stage, found=sending.found, sent=sending.sent)

        store, folder = self.intake.store, self.wish.folder
        return (await send(store, file, place, folder=folder, sent=sent, metadata=metadata)).was_there

    async def _analyse(self, project: int, asset: int, *, reused: bool) -> Index:
        """Wait for the index of an asset, which is asked for unless it is there or on its way."""
        job = await ask_for_index(self.intake.context, project, asset, self.wish.analysis or {}, look=reused)
        return await self._wait(Stage.ANALYSIS, job, asset)

    async def _summarise(self, project: int, asset: int, *, reused: bool) -> SceneSummary:
        job = await ask_for_summary(self.intake.context, project, asset, self.wish.locale, look=reused)
        return await self._wait(Stage.SUMMARY, job, asset)

    async def _wait(self, stage: Stage, job: Job[T], asset: int) -> T:
        self._tell(stage=stage, asset_id=asset, state=None, job=job.id)
        result = await job.wait(timeout=self.wish.timeout, progress=lambda job: self._tell(state=str(job.state)))
        self._tell(job=None)
        return result
