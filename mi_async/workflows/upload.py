"""One upload: a value walking a table, from a picture to a thumbnail that a person has.

Law: each step returns the next value; resuming is walking on from where the value is. The URL is single-use and lives
15 minutes, so it is asked for just in time, and after a failed PUT the completion check is asked before anything else.
"""

import inspect
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from enum import Enum

from attrs import evolve, field, frozen

from mi_async._core.wire import Response
from mi_async.api.persons import PersonThumbnail, ThumbnailInput
from mi_async.api.thumbnails import UploadCheck, UploadMessage, UploadStatus
from mi_async.errors import ConnectError, InvalidArgumentError, MIError, TransportError, UploadFailedError
from mi_async.media.image_source import Image, Source, load_image
from mi_async.text import MaskedURL, escaped
from mi_async.workflows.attach import add_thumbnails
from mi_async.workflows.context import Context, known, tell_created

_log = logging.getLogger(__name__)

STORED_STATUS = frozenset({200, 201, 204})
FIRST_SERVER_ERROR = 500
USED_OR_EXPIRED = frozenset({403})
"""Storage statuses of a URL that was used already, by a send whose answer was lost, or that has expired."""
BUSY = frozenset({408, 429})
MD5 = re.compile("[0-9a-f]{32}")
TIMED_OUT = "TIMED_OUT"
"""Our reason for an upload that is stored but was not taken over in time."""
NOT_IN_NAME = re.compile(r"[^\w.-]+")
STEM = 60
"""Characters of the caller's file name that are kept in ours."""


class State(Enum):
    """Where an upload is, in order."""

    NEW = "new"
    PRESIGNED = "presigned"
    STORED = "stored"
    CONFIRMED = "confirmed"
    ATTACHED = "attached"

    def reached(self, other: "State") -> bool:
        """Whether this is as far as another state, or further."""
        order = list(State)
        return order.index(self) >= order.index(other)


@frozen
class Upload:
    """One picture on its way.

    Attributes:
        image: the checked picture; its content is let go once it is stored.
        person_id: who it is for; None when it is for a person who does not exist yet.
        primary: whether it becomes the main picture.
        state: what is done.
        key: the thumbnail key, once there is one.
        url: the presigned URL, while it may be good.
        tries: PUTs so far.
        thumbnails: all that the person has after attaching.
    """

    image: Image
    person_id: int | None = None
    primary: bool = False
    state: State = State.NEW
    key: str | None = None
    url: str | None = field(default=None, repr=False)
    tries: int = 0
    thumbnails: tuple[PersonThumbnail, ...] = ()


Progress = Callable[[Upload], None]
"""Called with the upload after each step; an exception in it ends the workflow."""

Step = Callable[[Context, Upload], Awaitable[Upload]]


async def presign(context: Context, upload: Upload) -> Upload:
    """NEW to PRESIGNED: get a URL, just before it is needed."""
    groups = context.groups if upload.tries else context.entry
    issued = await groups.thumbnails.presign(_unique(upload.image.file_name, context.token(6)))
    return evolve(upload, state=State.PRESIGNED, key=issued.thumbnail_key, url=MaskedURL(issued.url))


def _unique(file_name: str, token: str) -> str:
    """A file name that no other upload has: after a lost answer, it tells whether a person has this very picture."""
    stem, _, suffix = file_name.rpartition(".")
    return f"{NOT_IN_NAME.sub('_', stem)[:STEM]}-{token}.{suffix}"


async def put(context: Context, upload: Upload) -> Upload:
    """PRESIGNED to STORED; after a failure that may have stored it to CONFIRMED, or back to NEW for a fresh URL."""
    upload = evolve(upload, tries=upload.tries + 1)
    image = upload.image
    failure: MIError | None
    try:
        answer = await context.put(known(upload.url), image.content, image.picture.content_type)
        failure = _refusal(answer, upload)
    except TransportError as error:
        if error.permanent and not error.ambiguous:
            raise  # was not sent, and never will be
        failure = error
    if failure is None:
        return evolve(upload, state=State.STORED, url=None, image=image.let_go())
    if upload.tries >= context.attempts and not failure.ambiguous:
        raise failure
    _log.info("PUT of %s failed (try %d): %s", escaped(image.name), upload.tries, failure)
    await context.clock.sleep(context.polling.first * 2.0 ** (upload.tries - 1))
    if isinstance(failure, ConnectError):
        return upload  # nothing was sent: the URL is as good as before
    # The answer may be what was lost: one check tells, and costs less than a second upload.
    if failure.ambiguous and await _is_there(context, upload):
        return evolve(upload, state=State.CONFIRMED, url=None, image=image.let_go())
    if upload.tries >= context.attempts:
        raise failure
    return evolve(upload, state=State.NEW, key=None, url=None)


async def _is_there(context: Context, upload: Upload) -> bool:
    check = await context.groups.thumbnails.complete(known(upload.key))
    return check.upload_status == UploadStatus.COMPLETED


async def check(context: Context, upload: Upload) -> Upload:
    """STORED to CONFIRMED, or the same once more where the service has not taken it over yet: one request.

    Raises:
        UploadFailedError: the service does not want it.
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


async def confirm(context: Context, upload: Upload) -> Upload:
    """STORED to CONFIRMED: ask until the service has taken the picture over, at most ``polling.timeout`` seconds."""
    polling, clock = context.polling, context.clock
    stored = clock.monotonic()
    while True:
        age = clock.monotonic() - stored
        await clock.sleep(min(polling.delay(age), max(0.0, polling.timeout - age)))
        upload = await check(context, upload)
        if upload.state is State.CONFIRMED:
            return upload
        if clock.monotonic() - stored >= polling.timeout:
            raise late(upload, polling.timeout)


async def attach(context: Context, upload: Upload) -> Upload:
    """CONFIRMED to ATTACHED: give the picture to the person."""
    wanted = [ThumbnailInput(known(upload.key), upload.primary)]
    thumbnails = await add_thumbnails(context, known(upload.person_id), wanted)
    return evolve(upload, state=State.ATTACHED, thumbnails=thumbnails)


STEPS: Mapping[State, Step] = {
    State.NEW: presign,
    State.PRESIGNED: put,
    State.STORED: confirm,
    State.CONFIRMED: attach,
}


async def bring(
    context: Context,
    source: Source | Image,
    until: State,
    *,
    person_id: int | None = None,
    primary: bool = False,
    progress: Progress | None = None,
    load: Callable[[Source | Image], Awaitable[Image]] = load_image,
) -> Upload:
    """Take a picture from its source to a state, holding it in memory no longer than until it is stored."""
    refuse_async(progress)
    async with context.held:
        upload = Upload(await load(source), person_id, primary)
        upload = await walk(context, upload, State.STORED, progress)
    return await walk(context, upload, until, progress)


def refuse_async(progress: Progress | None) -> None:
    """Refuse a progress function that would have to be awaited."""
    if inspect.iscoroutinefunction(progress):
        message = "progress is called and not awaited: give a plain function"
        raise InvalidArgumentError(message)


async def walk(context: Context, upload: Upload, until: State, progress: Progress | None = None) -> Upload:
    """Take the steps that lead to ``until``; an error tells the key of what is stored in ``created``."""
    while not upload.state.reached(until):
        try:
            upload = await STEPS[upload.state](context, upload)
        except BaseException as error:
            if upload.state.reached(State.STORED):
                tell_created(error, thumbnail_keys=[upload.key])
            raise
        if progress is not None:
            progress(upload)
    return upload


def _refusal(answer: Response, upload: Upload) -> UploadFailedError | None:
    """What is wrong with the storage's answer, None when nothing is.

    Raises:
        UploadFailedError: a refusal that another try cannot mend.
    """
    if answer.status in STORED_STATUS:
        etag = answer.headers.get("ETag", "").strip('"').lower()
        if not MD5.fullmatch(etag) or etag == upload.image.md5:
            return None  # any other ETag says nothing about the content
        return _refused(upload, "ETAG_MISMATCH", f"the storage holds other bytes than were sent (ETag {etag})")
    refused = _refused(upload, f"HTTP_{answer.status}", f"the storage answered HTTP {answer.status}")
    refused.ambiguous = answer.status >= FIRST_SERVER_ERROR or answer.status in USED_OR_EXPIRED
    if refused.ambiguous or answer.status in BUSY:
        return refused
    raise refused


def _refused(upload: Upload, reason: str, text: str) -> UploadFailedError:
    return UploadFailedError(f"{escaped(upload.image.name)}: {text}", reason=reason, key=upload.key)


def _failed(upload: Upload, check: UploadCheck) -> UploadFailedError:
    reason = str(check.upload_message or check.upload_status)
    return _refused(upload, reason, f"the upload was refused: {escaped(reason)}")


def late(upload: Upload, waited: float) -> UploadFailedError:
    """It was stored and may yet be taken over; only we have stopped to wait."""
    error = _refused(upload, TIMED_OUT, f"the upload was not taken over within {waited:g} s; it may yet be")
    error.ambiguous = True
    return error
