"""Objects in the buckets, which the service is asked to import.

Invariant: pure. Without a real bucket, an object is what its name says; the same name is always the same object.
"""

import hashlib
import random
from collections.abc import Awaitable, Callable, Mapping
from pathlib import PurePosixPath

from attrs import frozen

VIDEO_FORMATS = frozenset({"mp4", "mkv", "mov", "webm"})
IMAGE_FORMATS = frozenset({"png", "jpg", "heic"})
SPELLINGS = {"jpeg": "jpg", "heif": "heic"}
LEAST_HEIGHT, MOST_HEIGHT = 360, 1080
MOST_VIDEO_BYTES, MOST_IMAGE_BYTES = 10 * 2**30, 10 * 2**20
MOST_VIDEO_MS = 6 * 3600 * 1000

MISSING, SMALL, UNREADABLE = "missing", "lowres", "unreadable"
"""Words in the name of an object that make it missing, too small, or impossible to analyse."""

RESOLUTIONS = ((640, 360), (1280, 720), (1920, 1080))
TOO_SMALL = (320, 240)


@frozen
class EmulatedObject:
    """An object in a bucket, as far as the service looks at it.

    Attributes:
        digest: of the content; the synthetic analysis follows from it.
        format: file name extension in lower case, ``jpg`` for ``jpeg``.
        size: bytes.
        width: pixels.
        height: pixels.
        duration_ms: length of a video in milliseconds, None for an image.
        readable: whether an analysis succeeds.
    """

    digest: str
    format: str
    size: int
    width: int
    height: int
    duration_ms: int | None = None
    readable: bool = True

    @property
    def is_video(self) -> bool:
        """True if it is a video by its format."""
        return self.format in VIDEO_FORMATS

    @property
    def flaw(self) -> str | None:
        """The documented limit that it breaks, in words; None when it breaks none."""
        most = MOST_VIDEO_BYTES if self.is_video else MOST_IMAGE_BYTES
        checks = (
            (self.format in VIDEO_FORMATS | IMAGE_FORMATS, f"format {self.format or 'unknown'}"),
            (
                LEAST_HEIGHT <= min(self.width, self.height) <= MOST_HEIGHT,
                f"resolution {self.width}x{self.height} is not 360p to 1080p",
            ),
            (self.size <= most, f"size {self.size} is above {most} bytes"),
            ((self.duration_ms or 0) <= MOST_VIDEO_MS, f"duration {self.duration_ms} ms is above 6 hours"),
        )
        return next((words for fits, words in checks if not fits), None)


Look = Callable[[str, str], Awaitable[EmulatedObject | None]]
"""From bucket and key to the object, None when there is none."""
Objects = Mapping[str, EmulatedObject] | Look
"""The objects by key, whatever the bucket; or a function that looks into a bucket."""


def format_of(key: str) -> str:
    """Format by the extension of a key."""
    extension = PurePosixPath(key).suffix[1:].lower()
    return SPELLINGS.get(extension, extension)


async def by_name(bucket: str, key: str) -> EmulatedObject | None:
    """Return an object made up from its name: it exists unless the name has the word "missing" in it."""
    name = PurePosixPath(key).name.lower()
    if MISSING in name:
        return None
    digest = hashlib.sha256(f"{bucket}/{key}".encode("utf-8", "surrogateescape")).hexdigest()
    dice = random.Random(digest)
    kind = format_of(key)
    width, height = TOO_SMALL if SMALL in name else dice.choice(RESOLUTIONS)
    if kind in IMAGE_FORMATS:
        return EmulatedObject(
            digest, kind, dice.randint(50_000, 5_000_000), width, height, None, UNREADABLE not in name
        )
    seconds = dice.randint(30, 900)
    size = seconds * dice.randint(100_000, 900_000)
    return EmulatedObject(digest, kind, size, width, height, seconds * 1000, UNREADABLE not in name)


async def look(objects: Objects, bucket: str, key: str) -> EmulatedObject | None:
    """Find an object."""
    if isinstance(objects, Mapping):
        return objects.get(key)
    return await objects(bucket, key)
