"""Workflows of media files, as methods of a workspace: ingested, analysed, searched for scenes; and the jobs of these.

Invariant: adds no behaviour of its own; each method imports what it starts, so that nobody else pays for it.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Iterable, Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Unpack

import mi_async
from mi_async.argument_types import IfExists, IngestProgress
from mi_async.errors import InvalidArgumentError
from mi_async.workspace_part import WorkspacePart

if TYPE_CHECKING:
    from mi_async.workflows.query_image import QueryUploads


class AssetWorkflows(WorkspacePart):
    """Part of :class:`Workspace`: media files, the jobs about them, and their scenes."""

    __slots__ = ()

    async def ingest_asset(
        self,
        source: str | os.PathLike[str] | mi_async.StoredObject | mi_async.ReadableSource,
        *,
        project: int | str | None = None,
        bucket: str | None = None,
        key: str | None = None,
        analyze: bool = True,
        summarize: bool = False,
        if_exists: IfExists = "reuse",
        analysis: mi_async.AnalysisOptions | None = None,
        locale: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109  as long as a caller likes
        state_folder: str | os.PathLike[str] | None = None,
        progress: IngestProgress | None = None,
    ) -> mi_async.IngestedAsset:
        """Ingest a media file: into the bucket, registered, imported, analysed, and summarised if wanted.

        Running the same call again is the resume: parts that have arrived are not sent again, an object that holds
        the file already is not sent at all, and its asset, index and summary are taken as they are. An object of
        another content is never overwritten. Calls and runs of one session take turns at an object, so the same call
        twice at once makes one asset; other processes are not known of.

        Args:
            source: path of a file (mp4, mkv, mov, webm, up to 10 GB and 6 hours; jpg, png, heic, up to 10 MB; 360p to
                1080p), or an object that is in the bucket already: ``StoredObject(bucket, key)`` or its spelling
                ``"s3://bucket/key"``. A readable object, such as a file that a client has sent to a web service, is
                copied to a temporary file first, which is gone when the call ends; an upload that was not finished
                cannot be resumed then, and is given up.
            project: number or name of a project; by default the workspace's base project.
            bucket: where the file goes; by default the one that the workspace is linked to.
            key: what the object is called; by default the name of the file (of a readable object its ``filename`` or
                ``name``), in Unicode NFC.
            analyze: request an analysis, and wait for its index.
            summarize: request texts for the scenes after it.
            if_exists: where the project has an asset of this very object: ``reuse`` takes it, ``duplicate`` makes
                another, ``error`` refuses. An asset whose import failed is never taken.
            analysis: options, as in ``indexes.request``; an analysis that is there already is taken as it is.
            locale: language of the summary.
            timeout: seconds for each wait at the service; by default those of the jobs, see ``Job.wait``.
            state_folder: where the record of an unfinished upload is kept; by default beside the file. It holds no
                secret, and is gone when the upload is complete. For a readable object, where it is copied to.
            progress: a plain function, called with an :class:`Ingestion` whenever something has changed.

        Raises:
            MediaRejectedError: the file breaks a rule or cannot be read (nothing was sent), or changed meanwhile.
            AlreadyExistsError: another object has this name, or with ``if_exists="error"`` there is an asset.
            InvalidArgumentError: arguments that do not go together or are out of bounds, or no bucket.
            NotFoundError: there is no such project, object or bucket.
            UploadFailedError: the storage holds other bytes than were sent.
            ImportFailedError, AnalysisFailedError, JobTimeoutError: from the jobs.
            DeadlineExceededError: a call took longer than the ``timeout`` of the session.
            MIError: any other failure; ``created`` holds ``object`` and ``asset_id`` as far as they exist, also on a
                cancellation.

        Source: mi-create-assets, mi-asset-status, mi-request-index, mi-request-scene-summary.
        """
        context = await self._ready()
        from mi_async.workflows.ingest.options import IngestOptions
        from mi_async.workflows.ingest.workflow import ingest_asset

        options = IngestOptions(
            project=project,
            bucket=bucket,
            key=key,
            analyze=analyze,
            summarize=summarize,
            if_exists=if_exists,
            analysis=analysis,
            locale=locale,
            timeout=timeout,
            state_folder=state_folder,
            progress=progress,
        )
        with context.workflow("ingest_asset", source=str(source)) as result:
            ingested = await ingest_asset(context, source, options)
            result |= {"asset_id": ingested.asset.asset_id, "object": str(ingested.place)}
        return ingested

    async def import_asset(self, project_id: int, *, key: str, bucket_name: str) -> mi_async.Job[mi_async.Asset]:
        """Register an object of a linked bucket as an asset; the job's result is the asset once it is imported.

        A second registration makes a second asset, so one whose answer was lost is not repeated: it fails.

        Source: mi-create-assets, mi-asset-status.
        """
        context = await self._ready()
        from mi_async.workflows.jobs.start import start_import

        return await start_import(context, project_id, key=key, bucket_name=bucket_name)

    async def analyze(
        self, project_id: int, asset_id: int, **options: Unpack[mi_async.AnalysisOptions]
    ) -> mi_async.Job[mi_async.Index]:
        """Request the analysis of an asset; the job's result is its index.

        Args:
            project_id: ID of the project.
            asset_id: ID of the asset.
            options: as in ``indexes.request``.

        Raises:
            ConflictError: one runs already; ``workspace.job("index:...")`` is its handle.

        Source: mi-request-index, mi-index-status, mi-get-index.
        """
        context = await self._ready()
        from mi_async.workflows.jobs.start import start_index

        return await start_index(context, project_id, asset_id, options)

    async def summarize(
        self, project_id: int, asset_id: int, *, scene_ids: Sequence[int] | None = None, locale: str | None = None
    ) -> mi_async.Job[mi_async.SceneSummary]:
        """Request a text for each scene of an analysed asset; the job's result is all that there are then.

        Args:
            project_id: ID of the project.
            asset_id: ID of the asset.
            scene_ids: after one full run, only these again.
            locale: language of the texts.

        Source: mi-request-scene-summary, mi-scene-summary-status, mi-get-scene-summary-result.
        """
        context = await self._ready()
        from mi_async.workflows.jobs.start import start_summary

        return await start_summary(context, project_id, asset_id, scene_ids=scene_ids, locale=locale)

    async def start_search(
        self,
        query: mi_async.SearchQuery,
        *,
        query_option: mi_async.QueryOption | None = None,
        query_filter: mi_async.SearchFilter | None = None,
    ) -> mi_async.Job[mi_async.SearchResults]:
        """Request a search; the job's result is its first page, of 100, and ``search.all(...)`` has them all.

        Source: maiu-search-asset, maiu-get-asset-search-result.
        """
        context = await self._ready()
        from mi_async.workflows.jobs.start import start_search

        return await start_search(context, query, query_option=query_option, query_filter=query_filter)

    def job(self, token: str) -> mi_async.Job[Any]:
        """Make a handle of a job of this workspace; the way for a token that comes from outside, see ``session.job``.

        Raises:
            InvalidArgumentError: it is no job, or one of another workspace.
        """
        context = self._context
        from mi_async.workflows.jobs.job import Job
        from mi_async.workflows.jobs.tokens import Token

        named = Token.parse(token)
        if named.workspace != self.name:
            message = f"{token} is a job of the workspace {named.workspace!r}, not of {self.name!r}"
            raise InvalidArgumentError(message)
        return Job.of(named.kind, context, named.ids, fresh=False)

    def search_scenes(
        self,
        text: str | None = None,
        *,
        image: mi_async.Source | None = None,
        persons: Iterable[int] = (),
        persons_any: Iterable[int] = (),
        persons_not: Iterable[int] = (),
        dialogs: Iterable[str] = (),
        dialogs_any: Iterable[str] = (),
        dialogs_not: Iterable[str] = (),
        confidence_level: mi_async.ConfidenceLevel | None = None,
        project_ids: Iterable[int] | None = None,
        asset_ids: Iterable[int] | None = None,
        asset_types: Iterable[mi_async.AssetType] | None = None,
        index_modified_from: datetime | None = None,
        index_modified_to: datetime | None = None,
        limit: int | None = None,
        timeout: float | None = None,
    ) -> AsyncGenerator[mi_async.SceneHit]:
        """Search the analysed assets and iterate over the scenes that are found, the best first.

        An image is uploaded, the search requested and awaited, and its pages are fetched as they are needed, all of
        it only once the first scene is asked for. Close the iterator when you leave it early:
        ``async with contextlib.aclosing(newsroom.search_scenes("goal")) as scenes``.

        Args:
            text: what to look for, in words; exactly one of text and image. Without ``;``, ``|`` and the backtick.
            image: what to look for, as an image: a path, bytes, or an object with ``read``; jpg, png, webp or heic
                by content, at most 5 MB, at least 224 px wide and high.
            persons: IDs of persons that a scene shows, all of them; at most 100 in the three lists.
            persons_any: at least one of these is shown.
            persons_not: none of these is shown.
            dialogs: what is said in a video, all of it; at most 100 texts in the three lists, without ``;``, ``|``
                and the backtick.
            dialogs_any: at least one of these is said.
            dialogs_not: none of these is said.
            confidence_level: how sure a keyword must be; by default MEDIUM.
            project_ids: look in these projects; with a filter, exactly one of projects and assets.
            asset_ids: look in these assets.
            asset_types: only videos, or only images.
            index_modified_from: only indexes of then or later; without a zone, as the service has it.
            index_modified_to: only indexes of then or before.
            limit: most scenes.
            timeout: seconds that the search may take; by default 5 minutes.

        Raises:
            InvalidArgumentError: an argument out of bounds; at once, nothing was sent. What follows is raised by the
                iteration.
            ImageRejectedError: the image breaks a rule; nothing was sent.
            UploadFailedError: the storage or the service refused the image.
            SearchFailedError: the search failed.
            QuotaWaitError, DeadlineExceededError: as in :meth:`upload_thumbnail`.
            JobTimeoutError: the search takes longer; it goes on.
            MIError: any other failure.

        Source: maiu-search-asset, maiu-get-asset-search-result, maiu-upload-asset-query-url.
        """
        context = self._context
        from mi_async.workflows.search.hits import search_scenes
        from mi_async.workflows.search.query import SceneQuery

        wanted = SceneQuery(
            text=text,
            image=image,
            persons=persons,
            persons_any=persons_any,
            persons_not=persons_not,
            dialogs=dialogs,
            dialogs_any=dialogs_any,
            dialogs_not=dialogs_not,
            confidence_level=confidence_level,
            project_ids=project_ids,
            asset_ids=asset_ids,
            asset_types=asset_types,
            index_modified_from=index_modified_from,
            index_modified_to=index_modified_to,
            limit=limit,
            timeout=timeout,
        )
        return search_scenes(context, self._query_uploads, wanted)

    @cached_property
    def _query_uploads(self) -> QueryUploads:
        from mi_async.api.query_assets import QueryAssets
        from mi_async.workflows.query_image import QueryUploads

        return QueryUploads(QueryAssets(self._calls), QueryAssets(self._calls.patient))
