"""Workflows that give the service persons and their images, as methods of a workspace.

Invariant: adds no behaviour of its own; each method imports what it starts, so that nobody else pays for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import mi_async
from mi_async.argument_types import IfPersonExists, IfPersonKnown, IfThumbnailExists, Progress
from mi_async.workspace_part import WorkspacePart


class PersonWorkflows(WorkspacePart):
    """Part of :class:`Workspace`: persons and their images."""

    __slots__ = ()

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
                    likeness=Likeness.of(context, known, score),
                )
            result["person_id"] = person.id
        return person
