"""One upload: a value walking a table, from an image to a thumbnail that a person has.

Invariant: each step hands its result on before it returns; resuming is walking on from where the value is. The URL is
single-use and lives 15 minutes, so it is asked for just in time.
"""

import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from enum import Enum

from attrs import field, frozen

from mi_async._core.drafts import evolve
from mi_async._core.envelope import retry_after_seconds
from mi_async._core.http_messages import Response
from mi_async._core.running_call import SLOW
from mi_async.api.persons import PersonThumbnail, ThumbnailInput
from mi_async.api.thumbnails import UploadCheck, UploadMessage, UploadStatus
from mi_async.argument_types import Progress
from mi_async.errors import ConnectError, MIError, TransportError, UploadFailedError
from mi_async.media.image_check import Image
from mi_async.models import Serializable
from mi_async.text import MaskedURL, escaped
from mi_async.workflows.attach import add_thumbnails
from mi_async.workflows.context import Context, known
from mi_async.workflows.effects import tell_created
from mi_async.workflows.thumbnail_names import TOKEN_BYTES, upload_name

_log = logging.getLogger(__name__)

STORED_STATUS = frozenset({200, 201, 204})
FIRST_SERVER_ERROR = 500
USED_OR_EXPIRED = 403
"""Storage status of a URL that was used already, by a send whose answer was lost, or that has expired."""
MD5 = re.compile("[0-9a-f]{32}")
TIMED_OUT = "TIMED_OUT"
"""Our reason for an upload that is stored but was not taken over in time."""


class State(Enum):
    """States of an upload, in order."""

    NEW = "new"
    PRESIGNED = "presigned"
    STORED = "stored"
    CONFIRMED = "confirmed"
    ATTACHED = "attached"

    def reached(self, other: "State") -> bool:
        """Return True if this is as far as another state, or further."""
        return _ORDER[self] >= _ORDER[other]


_ORDER = {state: number for number, state in enumerate(State)}


@frozen(weakref_slot=False)  # else no draft has its layout
class Upload(Serializable):
    """One image on its way.

    Attributes:
        image: the checked image; its content is released once it is stored.
        person_id: who it is for; None when it is for a person who does not exist yet.
        primary: True to make it the primary thumbnail.
        state: what is done.
        key: the thumbnail key, once there is one.
        url: the presigned URL, while it may be good.
        tries: PUTs so far.
        thumbnails: all that the person has after attaching.
        existing: the thumbnail of the same content that ``if_exists="reuse"`` has taken; the call added none, and there
            is no key of its own.
    """

    image: Image
    person_id: int | None = None
    primary: bool = False
    state: State = State.NEW
    key: str | None = None
    url: str | None = field(default=None, repr=False)
    tries: int = 0
    thumbnails: tuple[PersonThumbnail, ...] = ()
    existing: PersonThumbnail | None = None


Took = Callable[[Upload], Awaitable[Upload]]
"""Takes each new value of an upload before the next step begins, to write it down; returns it."""

Step = Callable[[Context, Upload, Took], Awaitable[Upload]]


async def presign(context: Context, upload: Upload, took: Took) -> Upload:
    """Take NEW to PRESIGNED: get a URL, just before it is needed."""
    groups = context.groups if upload.tries else context.entry
    name = upload_name(upload.image.file_name, context.token(TOKEN_BYTES), upload.image.digest)
    issued = await groups.thumbnails.presign(name)
    return await took(evolve(upload, state=State.PRESIGNED, key=issued.thumbnail_key, url=MaskedURL(issued.url)))


async def put(context: Context, upload: Upload, took: Took) -> Upload:
    """Take PRESIGNED to STORED, by way of NEW and a fresh URL after a failure; to CONFIRMED if an answer was lost.

    Raises:
        UploadFailedError: the storage refuses the image, or the attempts are used up.
    """
    # A presigned URL is good for one PUT. Where the answer to one is lost, a second would be a 403 that says nothing
    # about the first, or a second copy under another key: one completion check tells, and costs less than an upload.

    async def send() -> Upload:
        nonlocal upload
        upload = evolve(upload, tries=upload.tries + 1)
        image = upload.image
        answer = await context.put(known(upload.url), image.content, image.picture.content_type)
        _check_stored(answer, upload)
        return _stored(upload, State.STORED)

    async def look() -> Upload | None:
        check = await context.groups.thumbnails.complete(known(upload.key))
        return _stored(upload, State.CONFIRMED) if check.upload_status == UploadStatus.COMPLETED else None

    async def renew(failure: MIError) -> None:
        nonlocal upload
        if not isinstance(failure, ConnectError):  # then nothing was sent, and the URL is as good as before
            upload = await took(evolve(upload, state=State.NEW, key=None, url=None))
            upload = await presign(context, upload, took)

    stored = await context.retries.look_first(
        send,
        look,
        name=f"PUT of {escaped(upload.image.name)}",
        again=_may_be_put_again,
        renew=renew,
        least=context.polling.first,
    )
    return await took(stored)


def _stored(upload: Upload, state: State) -> Upload:
    return evolve(upload, state=state, url=None, image=upload.image.let_go())


def _may_be_put_again(failure: MIError) -> bool:
    """Return True if another PUT may store the image."""
    if isinstance(failure, TransportError):
        return failure.ambiguous or not failure.permanent
    return isinstance(failure, UploadFailedError) and failure.transient


async def check(context: Context, upload: Upload) -> Upload:
    """Take STORED to CONFIRMED, in one request; return the same if the service has not taken the image over yet.

    Raises:
        UploadFailedError: the service refuses the image.
    """
    answer = await context.groups.thumbnails.complete(known(upload.key))
    if answer.upload_status == UploadStatus.COMPLETED:
        return evolve(upload, state=State.CONFIRMED)
    message, status = answer.upload_message, answer.upload_status
    # Right after the PUT, "does not exist" may only mean "not yet".
    if message != UploadMessage.FILE_NOT_EXIST and (message is not None or status == UploadStatus.FAILED):
        raise _failed(upload, answer)
    if not status.is_known and context.poller.is_news(f"upload {status}"):
        word = escaped(str(status))
        _log.warning(
            "an upload has the status %s, which this version does not know; it is taken for one that goes on", word
        )
    return upload


async def confirm(context: Context, upload: Upload, took: Took) -> Upload:
    """Take STORED to CONFIRMED: check until the service has taken the image over, at most ``polling.timeout`` seconds.

    Raises:
        UploadFailedError: the service refuses the image, or it takes too long.
    """
    polling, clock, checks = context.polling, context.clock, 0
    stored = clock.monotonic()
    while True:
        age = clock.monotonic() - stored
        await clock.sleep(min(polling.delay(age), max(0.0, polling.timeout - age)))
        upload = await check(context, upload)
        checks, age = checks + 1, clock.monotonic() - stored
        if upload.state is State.CONFIRMED:
            if age >= SLOW:
                name = escaped(upload.image.name)
                _log.debug("%s: upload ready after %.1f s; completion checks: %d", name, age, checks)
            return await took(upload)
        if age >= polling.timeout:
            raise late(upload, polling.timeout)


async def attach(context: Context, upload: Upload, took: Took) -> Upload:
    """Take CONFIRMED to ATTACHED: give the image to the person."""
    wanted = [ThumbnailInput(known(upload.key), upload.primary)]
    thumbnails = await add_thumbnails(context, known(upload.person_id), wanted)
    return await took(evolve(upload, state=State.ATTACHED, thumbnails=thumbnails))


STEPS: Mapping[State, Step] = {
    State.NEW: presign,
    State.PRESIGNED: put,
    State.STORED: confirm,
    State.CONFIRMED: attach,
}


async def walk(context: Context, upload: Upload, until: State, progress: Progress | None = None) -> Upload:
    """Take the steps that lead to ``until``; an error names the key of what is stored in ``created``."""

    async def took(value: Upload) -> Upload:
        nonlocal upload
        upload = value
        if progress is not None:
            progress(value)
        return value

    try:
        while not upload.state.reached(until):
            await STEPS[upload.state](context, upload, took)
    except BaseException as error:
        if upload.state.reached(State.STORED):
            tell_created(error, thumbnail_keys=[upload.key])
        raise
    return upload


def _check_stored(answer: Response, upload: Upload) -> None:
    """Raise UploadFailedError unless the storage's answer says that the image is stored."""
    # No variable holds an error: with its traceback it would keep the image in memory until the next collection.
    if answer.status not in STORED_STATUS:
        reason, text = f"HTTP_{answer.status}", f"the storage answered HTTP {answer.status}"
        # A 403 is ambiguous: aiohttp re-sends a PUT by itself on a reused connection that was reset, and the second one
        # meets a URL that the first has used up.
        ambiguous = answer.status >= FIRST_SERVER_ERROR or answer.status == USED_OR_EXPIRED
        raise _refused(upload, reason, text, ambiguous=ambiguous, wait=retry_after_seconds(answer))
    etag = answer.headers.get("ETag", "").strip('"').lower()
    if MD5.fullmatch(etag) and etag != upload.image.md5:  # any other ETag says nothing about the content
        raise _refused(upload, "ETAG_MISMATCH", f"the storage holds other bytes than were sent (ETag {etag})")


def _refused(
    upload: Upload, reason: str, text: str, *, ambiguous: bool = False, wait: float | None = None
) -> UploadFailedError:
    error = UploadFailedError(f"{escaped(upload.image.name)}: {text}", reason=reason, key=upload.key)
    error.ambiguous, error.retry_after = ambiguous, wait
    return error


def _failed(upload: Upload, check: UploadCheck) -> UploadFailedError:
    reason = str(check.upload_message or check.upload_status)
    return _refused(upload, reason, f"the upload was refused: {escaped(reason)}")


def late(upload: Upload, waited: float) -> UploadFailedError:
    """Return the error of an upload that is stored and may yet be taken over; only we have stopped waiting."""
    text = f"the upload was not taken over within {waited:g} s; it may yet be"
    return _refused(upload, TIMED_OUT, text, ambiguous=True)
