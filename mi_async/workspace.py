"""A workspace: its groups of operations, and the workflows as methods.

Invariant: adds no behaviour of its own. Workflows and the bulk engine are imported by the methods that need them: a
program that makes single calls does not pay for them. The first workflow loads what any of them needs.
"""

from __future__ import annotations

import asyncio
import inspect
import os
from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Unpack

import mi_async
from mi_async._core.live_object import refuse_pickling
from mi_async._core.modules import are_loaded, load_modules
from mi_async.api import WorkspaceGroups
from mi_async.archive_workflows import ArchiveWorkflows
from mi_async.argument_types import (
    IfExists,
    IfPersonExists,
    IfPersonKnown,
    IfThumbnailExists,
    IngestProgress,
    Items,
    Progress,
)
from mi_async.bulk.defaults import GRACE, LIFE, PATIENCE, SHARDS
from mi_async.errors import InvalidArgumentError

if TYPE_CHECKING:
    from mi_async._core.call import Calls
    from mi_async.workflows.context import Context
    from mi_async.workflows.query_image import QueryUploads

WORKFLOWS = (
    "mi_async.bulk.images.image_converter",
    "mi_async.bulk.inputs.media_files",
    "mi_async.bulk.run",
    "mi_async.workflows.enroll",
    "mi_async.workflows.ingest.workflow",
    "mi_async.workflows.jobs.start",
    "mi_async.workflows.query_image",
    "mi_async.workflows.search.hits",
    "mi_async.workflow_parts",
)
"""Modules that the first workflow imports: out of file descriptors, a later one could not."""


class Workspace(ArchiveWorkflows):
    """One workspace: its groups of operations as attributes, and workflows as methods.

    ``newsroom = session.workspace("newsroom")`` makes one and asks the service nothing. Then, for example::

        person = await newsroom.enroll_person("Gildong Hong", ["hong.jpg"], tags=["Anchor"])
        person = await newsroom.persons.get(person.id)
        async for scene in newsroom.search_scenes("goal", persons=[person.id]):
            print(scene)

    Groups, with a method for each call of the API: ``persons``, ``person_tags``, ``thumbnails``, ``projects``,
    ``assets``, ``indexes``, ``scene_summaries`` and ``search``; ``help(newsroom.persons)`` lists the calls.

    Workflows, of several calls each: :meth:`enroll_person`, :meth:`upload_thumbnail`, :meth:`ingest_asset` and
    :meth:`search_scenes`; for any number of items :meth:`enroll_many`, :meth:`upload_thumbnails` and
    :meth:`ingest_many`; jobs by :meth:`import_asset`, :meth:`analyze`, :meth:`summarize`, :meth:`start_search` and
    :meth:`job`.
    """

    __signature__: ClassVar[inspect.Signature] = (
        inspect.Signature()
    )  # help() begins with it, and nobody but a session makes one

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled or copied."""
        refuse_pickling(self, "connect() where it runs, and take session.workspace(name) there")

    def __init__(self, calls: Calls, name: str, context: Callable[[str, Calls], Context]) -> None:
        super().__init__(calls, name)
        self._calls, self._make_context = calls, context

    def __repr__(self) -> str:
        """Name the workspace."""
        return f"Workspace({self.name!r})"

    def _repr_html_(self) -> str:
        """Show the workspace in a notebook; nobody is asked whether it exists."""
        from mi_async.notebook import card

        rows = [("service", self._calls.transport.origin)]
        rows += [("session", "closed" if self._calls.lifetime.ended else "open")]
        groups = [(name, told.partition(";")[0]) for name, told in WorkspaceGroups.__slots__.items() if name != "name"]
        return card(f"Workspace · {self.name}", rows + groups)

    def __rich_repr__(self) -> Generator[str]:
        """Name the workspace to rich, which else shows all that it holds."""
        yield self.name

    def with_options(self, **options: Unpack[mi_async.CallOptions]) -> Workspace:
        """Return a view of the workspace whose calls have other options: ``session.with_options`` says which.

        ``await newsroom.with_options(timeout=5).persons.get(1001)`` changes them for one call. Workflows, jobs and
        bulk runs of a view make their calls with its options.
        """
        return Workspace(self._calls.with_options(options), self.name, self._make_context)

    @cached_property
    def _context(self) -> Context:
        """Dependencies of the workflows; the first use imports these."""
        return self._make_context(self.name, self._calls)

    async def _ready(self) -> Context:
        """Return the dependencies of the workflows; imports these off the event loop where that was not done yet."""
        if not are_loaded(WORKFLOWS):
            await asyncio.to_thread(load_modules, WORKFLOWS)
        return self._context

    @cached_property
    def _query_uploads(self) -> QueryUploads:
        from mi_async.api.query_assets import QueryAssets
        from mi_async.workflows.query_image import QueryUploads

        return QueryUploads(QueryAssets(self._calls), QueryAssets(self._calls.patient))

    async def upload_thumbnail(
        self,
        person_id: int,
        source: mi_async.Source,
        *,
        primary: bool = False,
        fit: bool = False,
        if_exists: IfThumbnailExists = "duplicate",
        resume: Mapping[str, Any] | None = None,
        progress: Progress | None = None,
    ) -> mi_async.Upload:
        """Give a person one more image: presign, PUT to Object Storage, poll completion, attach.

        Args:
            person_id: ID of the person.
            source: a path, bytes, an object with ``read`` (sync or async), or a file that a client has sent to a web
                service (Starlette, FastAPI, aiohttp, Django), whose file name is kept; jpg, png or webp by content, at
                most 5 MB, at least 256 px wide and high. Read once, off the event loop, and held in memory.
            primary: make it the person's primary image.
            fit: convert HEIC, AVIF, TIFF, BMP and GIF images, and make images above 5,000,000 bytes smaller; the
                upload's ``image.note`` says so. Needs the extra ``images``.
            if_exists: where the person has the image: ``duplicate`` adds it all the same, ``reuse`` takes the thumbnail
                that is there and uploads nothing, so that the call may be repeated. An image is known by its content,
                where this package uploaded it; thumbnails of other software do not keep it back. Calls of one session
                for the same person and image take turns.
            resume: ``error.created`` of this very call that failed: the image is not sent again if it has arrived, and
                not attached again if the person has it.
            progress: a plain function, called with the :class:`Upload` after each step; after a failed PUT the state
                is NEW once more.

        Returns:
            The upload in state ATTACHED; its ``thumbnails`` are all that the person then has, and ``existing`` is the
            one that was reused.

        Raises:
            ImageRejectedError: the image breaks a rule; nothing was sent.
            UploadFailedError: the storage or the service refused the image.
            NotFoundError: there is no such person.
            InvalidRequestError: the service refuses the image as a face: 10069 (no face), 10072, 10073, 10074.
            QuotaWaitError, DeadlineExceededError: a call would wait longer than ``max_wait``, or took longer than
                ``timeout``.
            MIError: any other failure; ``created`` tells what had been done, also on a cancellation.

        Source: maiu-upload-person-thumbnail-url, maiu-upload-person-thumbnail-status, maiu-set-person-thumbnail.
        """
        context = await self._ready()
        from mi_async.bulk.images.image_converter import image_loader
        from mi_async.workflows.upload_thumbnail import upload_thumbnail

        with context.workflow("upload_thumbnail", person_id=person_id) as result:
            async with image_loader(fit=fit) as load:
                upload = await upload_thumbnail(
                    context,
                    person_id,
                    source,
                    primary=primary,
                    if_exists=if_exists,
                    resume=resume,
                    progress=progress,
                    load=load,
                )
            result["thumbnail_key"] = upload.key
        return upload

    async def download_image(self, url: str) -> bytes:
        """Return a stored image by the presigned URL that a person's thumbnail has.

        The URL is good for minutes: a 403 means that it has expired, and ``persons.get`` has a new one. The request is
        made once, without a signature and without following a redirect; ``with_options(timeout=5)`` limits its time.
        For many images at once there is :func:`mi_async.pictures.contact_sheet`.

        Args:
            url: of a thumbnail, ``person.thumbnails[0].url``.

        Raises:
            ResponseError: the storage has no such image, with its ``status``; or what is there is larger than 5 MiB,
                or not a jpg, png or webp by its content.
            TransportError: the storage cannot be reached.
        """
        from mi_async.text import MaskedURL
        from mi_async.workflows.image_download import download_image

        url = MaskedURL(url)  # from here on it is in local variables, which reports of errors may show
        return await download_image(self._calls.get, url)

    async def enroll_person(
        self,
        name: str,
        sources: Iterable[mi_async.Source],
        *,
        description: str | None = None,
        tags: Iterable[str] = (),
        if_exists: IfPersonExists = "error",
        known: IfPersonKnown = "ignore",
        score: int = 80,
        resume: Mapping[str, Any] | None = None,
        fit: bool = False,
        progress: Progress | None = None,
        one_by_one: bool = False,
    ) -> mi_async.Person:
        """Create a person with images and tags, exactly once whatever the network does.

        The name is looked up before anything is uploaded, images go up several at a time, missing tags are created,
        and a create whose answer was lost is settled by looking the name up. Calls of one session for the same name
        take turns; of two processes one creates the person, and for the other it exists.

        Args:
            name: 1 to 50 characters, unique in the workspace; sent in Unicode NFC.
            sources: images as in :meth:`upload_thumbnail`, at least one; the first becomes the primary one. Equal
                content counts once, with a warning in the log.
            description: 1 to 700 characters.
            tags: names of 1 to 30 characters.
            if_exists: where somebody has the name: ``error`` refuses, ``reuse`` returns that person as it is,
                ``complete`` adds what is missing: images, tags, and a description where there is none. An image is
                known by its content, where this package uploaded it; if the person has thumbnails of other software,
                an image that is not known is left out and named in a warning, since it may be one of them.
            known: where nobody has the name and somebody looks like the first image: ``ignore`` does not compare;
                ``ask`` creates nobody and raises :class:`PersonKnownError`; ``attach`` gives images, tags and a missing
                description to the one who does, as ``if_exists="complete"`` would, and a name to one without, who gets
                the images even if analyses made its thumbnails. Of several nobody can tell which: the error, as with
                ``ask``. A person who has the name goes before likeness: ``if_exists`` alone decides then. Only the
                first image is uploaded to compare. What two calls create at the same moment is not compared.
            score: with ``known``, likeness from which on somebody looks like it, 80 to 100.
            resume: ``error.created`` of this very call that failed: the person that it created is completed, and images
                that it stored are not sent again, within the 24 hours of their keys. Take it from no client of yours:
                who sends it decides which person is completed.
            fit: as in :meth:`upload_thumbnail`.
            progress: a plain function, called with each :class:`Upload` after each of its steps, up to ATTACHED once
                the person is there.
            one_by_one: create the person with the first image and add the others in a request each. The service does
                not say which of several images it refuses (10069: no face, 10072, 10073, 10074); then the error's
                ``images`` does, and the person has all other images and the tags. It holds paths and names of
                files; bytes and other sources without a name are called by position, ``image 2 of 3``.

        Raises:
            InvalidArgumentError: a name, description or tag out of bounds, no image; nothing was sent.
            ImageRejectedError: an image breaks a rule; nothing was sent.
            UploadFailedError: the storage or the service refused an image.
            InvalidRequestError: the service refuses an image as a face: 10069 (no face), 10072, 10073, 10074.
            QuotaWaitError, DeadlineExceededError: as in :meth:`upload_thumbnail`.
            PersonKnownError: by ``known``: somebody looks like the person; nobody was created. Its ``matches`` say who.
                The same call with ``resume=error.created`` and ``known="attach"`` or ``"ignore"`` uploads nothing
                twice.
            ConflictError: the name is in use; ``existing`` has the ID of the person where that is known. A name that
                persons cannot be searched by (one character, or with ``;``, ``|`` or a backtick) is found to be in
                use only by the create, after the uploads, unless ``known`` compares.
            MIError: any other failure; ``created`` holds ``person_id``, ``tag_ids`` and ``thumbnail_keys`` as far
                as they exist, also on a cancellation.

        Source: maiu-create-persons, maiu-create-person-tags, maiu-add-person-tags, mi-recommend-persons-by-thumbnail.
        """
        context = await self._ready()
        from mi_async.bulk.images.image_converter import image_loader
        from mi_async.workflows.enroll import enroll_person
        from mi_async.workflows.known_person import Likeness

        with context.workflow("enroll_person", name=name) as result:
            async with image_loader(fit=fit) as load:
                person = await enroll_person(
                    context,
                    name,
                    sources,
                    description=description,
                    tags=tags,
                    if_exists=if_exists,
                    resume=resume,
                    progress=progress,
                    load=load,
                    one_by_one=one_by_one,
                    likeness=Likeness(known, score),
                )
            result["person_id"] = person.id
        return person

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

    def enroll_many(
        self,
        people: Items[mi_async.PersonInput | mi_async.BadInput],
        *,
        journal: str | os.PathLike[str],
        total: int | None = None,
        fit: bool = False,
        known: IfPersonKnown = "ignore",
        score: int = 80,
        max_failures: int | None = None,
        grace: float = GRACE,
        patience: float = PATIENCE,
        shards: int = SHARDS,
        claim_life: float = LIFE,
    ) -> mi_async.BulkRun:
        """Enroll any number of persons: as fast as the quotas allow, in flat memory, and each once whatever happens.

        To resume after a crash, an interruption or failures, make the same call again: what is finished costs no
        request, and what was in flight is looked up before it is repeated.

        Args:
            people: what to enroll; it is iterated over once and not ahead of the work, so a generator of a million is
                fine, and so is a function that makes one. A name that comes twice is refused the second time.
            journal: path of the file that remembers what is done. It belongs to this service, account, workspace and
                operation, and is refused for any other. With ``postgresql://user@host/database#name`` the same call in
                any number of processes, on any number of machines, shares the work; the input is then gone through
                once for each shard: a list, a reading such as ``read_people(path)``, or a function.
            total: number of items, for the progress; by default ``len(people)`` where that is known, and for
                ``read_people(path)`` the count of a table up to 64 MiB or of a folder.
            fit: as in :meth:`upload_thumbnail`; the outcome says so.
            known: as in :meth:`enroll_person`, for each person after its images were uploaded and before it is
                created: with ``ask``, and with ``attach`` where several look like it, one whom somebody looks like
                ends as failed with the code ``KNOWN``. Each later run looks at it again, with whatever word it has, and
                takes the images from the journal. A name that is taken is found before anything is uploaded. Persons
                of one run are compared with those of it who were created by then.
            score: with ``known``, likeness from which on somebody looks like a person, 80 to 100.
            max_failures: stop when more items than this have ended in any way but done or skipped; None for never.
            grace: seconds for what is in flight to end when the run is stopped or cancelled.
            patience: seconds for which a service that does not answer at all is waited for, by default 6 hours.
            shards: parts of the input that processes take one by one; used when the journal is made, and kept in it.
            claim_life: seconds after which others take over the work of a process that shows no sign of life.

        Returns:
            A run, which does nothing before it is used: ``async for outcome in run`` or ``report = await run``.

        Raises:
            BulkError: by the run: it had to stop (keys refused, workspace missing, allowance of persons full, too many
                failures, a service that is gone); its cause says why, its ``report`` what was done.
            JournalError: by the run: the journal is not this run's, is in use, or cannot be written.
            ConfigError: an argument that cannot work, or the extra ``bulk`` is not installed.
        """
        context = self._context
        from mi_async.bulk.engine_factory import enroll_factory
        from mi_async.bulk.inputs.models import PersonInput
        from mi_async.bulk.options import BulkOptions
        from mi_async.bulk.run import BulkRun
        from mi_async.workflows.known_person import Likeness

        options = BulkOptions(
            journal=journal,
            total=total,
            fit=fit,
            max_failures=max_failures,
            grace=grace,
            patience=patience,
            shards=shards,
            life=claim_life,
        )
        likeness = Likeness(known, score)
        likeness.check(context)
        return BulkRun(enroll_factory(context, PersonInput, likeness), people, options)

    def upload_thumbnails(
        self,
        items: Items[mi_async.ThumbnailUpload | mi_async.BadInput],
        *,
        journal: str | os.PathLike[str],
        total: int | None = None,
        fit: bool = False,
        max_failures: int | None = None,
        grace: float = GRACE,
        patience: float = PATIENCE,
        shards: int = SHARDS,
        claim_life: float = LIFE,
    ) -> mi_async.BulkRun:
        """Give any number of images to persons who exist; everything else is as in :meth:`enroll_many`.

        Images of one person are attached in the order of the input; the same image for the same person is attached
        once.
        """
        context = self._context
        from mi_async.bulk.engine_factory import enroll_factory
        from mi_async.bulk.inputs.models import ThumbnailUpload
        from mi_async.bulk.options import BulkOptions
        from mi_async.bulk.run import BulkRun

        options = BulkOptions(
            journal=journal,
            total=total,
            fit=fit,
            max_failures=max_failures,
            grace=grace,
            patience=patience,
            shards=shards,
            life=claim_life,
        )
        return BulkRun(enroll_factory(context, ThumbnailUpload), items, options)

    def stored_assets(self, prefix: str) -> AsyncGenerator[mi_async.AssetInput]:
        """List the media files of a bucket, for :meth:`ingest_many`: by their names, page by page.

        Args:
            prefix: ``s3://bucket/prefix``, or ``s3://bucket`` for all of it.

        Raises:
            InvalidArgumentError: it names no bucket.
            MIError: by the iteration: there is no such bucket, or it cannot be listed.
        """
        context = self._context
        from mi_async.bulk.inputs.media_files import stored_assets

        return stored_assets(context.store, prefix)

    def ingest_many(
        self,
        assets: Items[mi_async.AssetInput | mi_async.BadInput],
        *,
        journal: str | os.PathLike[str],
        project: int | str | None = None,
        bucket: str | None = None,
        analyze: bool = True,
        summarize: bool = False,
        if_exists: IfExists = "reuse",
        analysis: mi_async.AnalysisOptions | None = None,
        locale: str | None = None,
        total: int | None = None,
        max_failures: int | None = None,
        grace: float = GRACE,
        patience: float = PATIENCE,
        shards: int = SHARDS,
        claim_life: float = LIFE,
    ) -> mi_async.BulkRun:
        """Ingest any number of media files, each as :meth:`ingest_asset` does and each once whatever happens.

        A few files go up at a time, hundreds may be imported and analysed at once. To resume, make the same call
        again: what is finished costs no request while size and time of change are the same, parts that have arrived
        are not sent again, and a registration whose end nobody wrote down is looked for before it is repeated.

        Args:
            assets: what to ingest, of one project; see ``read_assets`` and :meth:`stored_assets`. It is iterated over
                once and not ahead of the work. An object that comes twice is refused the second time.
            journal: path of the file that remembers what is done, as in :meth:`enroll_many`; records of unfinished
                uploads are kept beside it.
            project: as in :meth:`ingest_asset`, and so are bucket, analyze, summarize, if_exists, analysis and locale.
            total: number of items, for the progress; by default ``len(assets)`` where that is known.
            max_failures: as in :meth:`enroll_many`, and so are grace and patience.
            grace: seconds for uploads to land when the run is stopped; jobs go on at the service and are left there.
            patience: seconds for which a service that does not answer at all is waited for.
            shards: as in :meth:`enroll_many`, and so is claim_life.
            claim_life: seconds.

        Returns:
            A run, whose outcomes are of the class ``AssetOutcome``.

        Raises:
            InvalidArgumentError: arguments that do not go together or are out of bounds; by the run: no bucket.
            NotFoundError: by the run: there is no such project.
            BulkError, JournalError, ConfigError: as in :meth:`enroll_many`.
        """
        context = self._context
        from mi_async.bulk.engine_factory import ingest_factory
        from mi_async.bulk.options import BulkOptions
        from mi_async.bulk.run import BulkRun
        from mi_async.workflows.ingest.options import IngestOptions

        ingest = IngestOptions(
            project=project,
            bucket=bucket,
            analyze=analyze,
            summarize=summarize,
            if_exists=if_exists,
            analysis=analysis,
            locale=locale,
        )
        ingest.check(context)
        options = BulkOptions(
            journal=journal,
            total=total,
            max_failures=max_failures,
            grace=grace,
            patience=patience,
            shards=shards,
            life=claim_life,
        )
        return BulkRun(ingest_factory(context, ingest), assets, options)
