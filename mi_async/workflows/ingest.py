"""Ingest a media file: into the bucket, registered, imported, analysed, summarised.

Law: everything that can be refused without a request is refused before the first one; what is there already is looked
for before anything is made; an error says what exists. Cancelling leaves the service's jobs running.
"""

import asyncio
import inspect
import os
import unicodedata
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

from attrs import define, evolve, frozen

from mi_async.api.assets import Asset
from mi_async.api.indexes import Index
from mi_async.api.scene_summaries import SceneSummary
from mi_async.api.workspaces import WorkspaceInfo
from mi_async.errors import (
    AlreadyExistsError,
    ImportFailedError,
    InvalidArgumentError,
    NotFoundError,
)
from mi_async.storage.file import LocalFile
from mi_async.storage.place import SCHEME, StoredObject
from mi_async.storage.send import Sending, send
from mi_async.storage.store import Store
from mi_async.workflows.context import Context, tell_created
from mi_async.workflows.ingestion import IfExists, IngestedAsset, Ingestion, IngestProgress, Stage
from mi_async.workflows.jobs import Job, import_job
from mi_async.workflows.media import check_media, check_name, read_header
from mi_async.workflows.onward import ask_for_index, ask_for_summary, candidates, linked_bucket, project_number
from mi_async.workflows.register import find_assets, register_once
from mi_async.workflows.starting import AnalysisOptions

T = TypeVar("T")


@frozen
class Intake:
    """What an ingestion needs of a session.

    Attributes:
        context: the workspace.
        store: Object Storage.
        describe: tells the workspace's bucket.
    """

    context: Context
    store: Store
    describe: Callable[[], Awaitable[WorkspaceInfo]]


@frozen(kw_only=True)
class Wish:
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
            "a scene summary needs an analysis: analyze=False and summarize=True exclude each other": (
                self.summarize and not self.analyze
            ),
            "locale is the language of a summary: give summarize=True": self.locale is not None and not self.summarize,
            "analysis says how to analyse: not with analyze=False": bool(self.analysis) and not self.analyze,
            "project is a number or a name": not isinstance(self.project, int | str | None)
            or isinstance(self.project, bool),
            "progress is called and not awaited: give a plain function": inspect.iscoroutinefunction(self.progress),
        }
        if said := next((text for text, wrong in mistakes.items() if wrong), None):
            raise InvalidArgumentError(said)

    @property
    def folder(self) -> Path | None:
        """Where the record of an unfinished upload is kept."""
        return None if self.state_folder is None else Path(self.state_folder)


async def ingest_asset(intake: Intake, source: str | os.PathLike[str] | StoredObject, wish: Wish) -> IngestedAsset:
    """Bring a file or an object in; see ``Workspace.ingest_asset``."""
    place = StoredObject.parse(source) if isinstance(source, str) and source.startswith(SCHEME) else source
    if not isinstance(place, StoredObject):
        return await _ingest_file(intake, place, wish)
    if (wish.bucket, wish.key) != (None, None):
        message = f"{place} names bucket and key already"
        raise InvalidArgumentError(message)
    run = _Run(intake, wish, Ingestion(str(place), place=place))
    return await run.ingest(place, None)


async def _ingest_file(intake: Intake, source: str | os.PathLike[str], wish: Wish) -> IngestedAsset:
    file = await asyncio.to_thread(LocalFile.open, source)
    with file:
        run = _Run(intake, wish, Ingestion(file.name, size=file.size))
        if intake.context.validate:
            header = await asyncio.to_thread(read_header, file.read, file.size)
            check_media(header, file.size, file.name)
        bucket = await linked_bucket(intake.context, intake.describe(), wish.bucket)
        # In Unicode NFC, so that a name typed on one system is found on another.
        key = unicodedata.normalize("NFC", Path(file.name).name) if wish.key is None else wish.key
        return await run.ingest(StoredObject(bucket, key), file)


@define(eq=False)
class _Run:
    """One ingestion under way."""

    intake: Intake
    wish: Wish
    at: Ingestion

    async def ingest(self, place: StoredObject, file: LocalFile | None) -> IngestedAsset:
        """Take all steps; an error tells what exists."""
        try:
            return await self._ingest(place, file)
        except BaseException as error:
            made: dict[str, Any] = {"object": str(place)} if self.at.sent and self.at.stage is not Stage.UPLOAD else {}
            if self.at.asset_id is not None:
                made["asset_id"] = self.at.asset_id
            tell_created(error, **made)
            raise

    async def _ingest(self, place: StoredObject, file: LocalFile | None) -> IngestedAsset:
        context, wish = self.intake.context, self.wish
        self._tell(place=place)
        project = await project_number(context, wish.project)
        found = await find_assets(context, project, place.key)
        if found and wish.if_exists == "error":
            numbers = tuple(asset.asset_id for asset in found)
            message = f"the project has assets of {place.key!r} already: {', '.join(map(str, numbers))}"
            raise AlreadyExistsError(message, existing=numbers)
        was_there = await self._look(place) if file is None else await self._send(place, file)
        # Another object of the name was there when they were made, if this one has only now arrived.
        usable = found if was_there and wish.if_exists == "reuse" else []
        asset = await self._reuse(project, usable)
        reused = asset is not None
        if asset is None:
            asset = await self._register(project, place, [asset.asset_id for asset in found])
        index = await self._analyse(project, asset.asset_id, reused=reused) if wish.analyze else None
        summary = await self._summarise(project, asset.asset_id, reused=reused) if wish.summarize else None
        self._tell(stage=Stage.DONE, state=None)
        return IngestedAsset(asset, index, summary, place, self.at.sent, reused)

    def _tell(self, **changes: Any) -> None:
        self.at = evolve(self.at, **changes)
        if self.wish.progress is not None:
            self.wish.progress(self.at)

    async def _look(self, place: StoredObject) -> bool:
        """Find out about an object that is said to be there."""
        head = await self.intake.store.head(place)
        if head is None:
            raise NotFoundError(404, "", f"{place}: there is no such object", operation="storage")
        if self.intake.context.validate:
            check_name(place.key, head.size)
        self._tell(size=head.size, found=head.size)
        return True

    async def _send(self, place: StoredObject, file: LocalFile) -> bool:
        """Bring the file into the bucket; tells whether it was there."""

        def sent(sending: Sending) -> None:
            self._tell(stage=Stage.UPLOAD, found=sending.found, sent=sending.sent)

        return (await send(self.intake.store, file, place, folder=self.wish.folder, sent=sent)).was_there

    async def _reuse(self, project: int, found: Sequence[Asset]) -> Asset | None:
        """The newest asset whose import did not fail, once it is imported."""
        for asset in candidates(found, self.at.size):
            job = import_job(self.intake.context, project, asset.asset_id, fresh=False)
            try:
                return await self._wait(Stage.IMPORT, job, asset.asset_id)
            except ImportFailedError:
                continue
        return None

    async def _register(self, project: int, place: StoredObject, before: Sequence[int]) -> Asset:
        context = self.intake.context
        number = await register_once(context, project, place, before)
        return await self._wait(Stage.IMPORT, import_job(context, project, number), number)

    async def _analyse(self, project: int, asset: int, *, reused: bool) -> Index:
        """Wait for the index of an asset, which is asked for unless it is there or on its way."""
        job = await ask_for_index(self.intake.context, project, asset, self.wish.analysis or {}, look=reused)
        return await self._wait(Stage.ANALYSIS, job, asset)

    async def _summarise(self, project: int, asset: int, *, reused: bool) -> SceneSummary:
        job = await ask_for_summary(self.intake.context, project, asset, self.wish.locale, look=reused)
        return await self._wait(Stage.SUMMARY, job, asset)

    async def _wait(self, stage: Stage, job: Job[T], asset: int) -> T:
        self._tell(stage=stage, asset_id=asset, state=None)
        return await job.wait(timeout=self.wish.timeout, progress=lambda job: self._tell(state=str(job.state)))
