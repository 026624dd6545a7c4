"""Downloads of images at the pace that the storage likes.

Invariant: begins with few at once, and has more only while that is faster; a storage that is busy halves the number. An
image that cannot be had is a problem and no exception, unless the storage gives nothing any more.
"""

from attrs import define, field

from mi_async.api.person_models import Person
from mi_async.backup.format import BackupProblem
from mi_async.backup.pace import DownloadPace
from mi_async.errors import MIError, ResponseError, SessionError, TransportError
from mi_async.text import MaskedURL
from mi_async.workflows.absence import tells_no_person
from mi_async.workflows.context import Context
from mi_async.workflows.image_download import download_image
from mi_async.workflows.thumbnail_urls import ThumbnailURLs

OUTAGE = 5
"""Images in a row that the storage fails to give, after all retries: then it is out of order, and the backup stops."""
EXPIRED, GONE, FOUND, FIRST_FAILURE = 403, 404, 200, 500
BUSY = frozenset({408, 425, 429})


@define(eq=False)
class FailureStreak:
    """Failures in a row of a service or a storage, each after all its retries."""

    _count: int = field(init=False, default=0)

    def end(self) -> None:
        """Note that it has given something."""
        self._count = 0

    def failed(self, error: MIError) -> None:
        """Note a failure.

        Raises:
            MIError: it is one too many: nothing works any more.
        """
        self._count += 1
        if self._count >= OUTAGE:
            raise error


@define(eq=False)
class ImageDownloads:
    """Downloads of the images of one backup.

    Args:
        context: of the workspace.
        pace: of the downloads.
    """

    context: Context
    pace: DownloadPace
    _streak: FailureStreak = field(init=False, factory=FailureStreak)

    def urls(self, person: Person) -> ThumbnailURLs:
        """Return the URLs of the thumbnails of a person."""
        return ThumbnailURLs(self.context.groups.persons, person)

    async def image(self, number: int, urls: ThumbnailURLs) -> bytes | BackupProblem:
        """Return the image of a thumbnail; a URL that has expired is asked for anew.

        Args:
            number: of the thumbnail.
            urls: of its person.

        Raises:
            MIError: the storage fails to give any image, the session is closed, or the service fails.
        """
        state = _ImageDownload(self, number, urls)
        try:
            content = await self.context.retries.look_first(
                state.attempt, _nothing, name="image", again=state.again, renew=state.renew
            )
        except SessionError:
            raise
        except MIError as error:
            if tells_no_person(error):
                return _problem(number, urls, "gone", f"person {urls.person.id} has vanished")
            return self._failure(number, urls, error)
        if content is None:
            return _problem(number, urls, "gone", f"person {urls.person.id} does not have thumbnail {number} any more")
        self._streak.end()
        self.pace.landed(state.began)
        return content

    def _failure(self, number: int, urls: ThumbnailURLs, error: MIError) -> BackupProblem:
        if not isinstance(error, ResponseError) or is_busy(error):
            self._streak.failed(error)
        else:
            self._streak.end()
        status = error.status if isinstance(error, ResponseError) else None
        reason = "no_image" if status == FOUND else "gone" if status == GONE else "refused"
        return _problem(number, urls, reason, f"thumbnail {number} of person {urls.person.id}: {error}")


@define(eq=False)
class _ImageDownload:
    """Attempts at one image."""

    downloads: ImageDownloads
    number: int
    urls: ThumbnailURLs
    renewed: bool = False
    began: float = 0.0

    async def attempt(self) -> bytes | None:
        """Return the image, None if the person does not have it any more."""
        url = await self.urls.of(self.number, renew=self.renewed)
        if url is None:
            return None
        self.began = self.downloads.pace.now()
        return await download_image(self.downloads.context.get, MaskedURL(url))

    def again(self, error: MIError) -> bool:
        return is_busy(error) or (_status(error) == EXPIRED and not self.renewed)

    async def renew(self, error: MIError) -> None:
        if _status(error) == EXPIRED:
            self.renewed = True
        else:
            self.downloads.pace.pressed()


def is_busy(error: MIError) -> bool:
    """Return True if a storage has no capacity or cannot be reached, so that another attempt may succeed."""
    if (status := _status(error)) is not None and status != FOUND:
        return status in BUSY or status >= FIRST_FAILURE
    return isinstance(error, TransportError) and not error.permanent  # cut off, silent, or not reached


def _status(error: MIError) -> int | None:
    status = getattr(error, "status", None)
    return status if isinstance(status, int) else None


def _problem(number: int, urls: ThumbnailURLs, reason: str, message: str) -> BackupProblem:
    return BackupProblem("thumbnail", number, reason, message, urls.person.id)


async def _nothing() -> bytes | None:
    return None
