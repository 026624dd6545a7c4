"""Layout of a file in parts, and the ETag of an object that was made of them.

Invariant: pure; no I/O, no clock. A layout follows from the size alone, so that a resumed upload has the same.
"""

import hashlib
from collections.abc import Iterator, Sequence

from attrs import Factory, field, frozen

MIB = 2**20
LEAST_PART = 8 * MIB
"""Bytes of the smallest part that we cut: every part costs a request."""
AIM = 1_000
"""Parts that a large file is cut into: few enough for one page of a listing."""
LEAST_TAKEN, MOST_TAKEN = 5 * MIB, 10_000
"""Bytes of the smallest part, and number of parts, that S3 takes."""
BUFFERS = 64 * MIB
"""Bytes of parts that a session holds in memory at once."""
FEWEST_AT_ONCE, MOST_AT_ONCE = 2, 8
USUAL_PARTS = tuple(size * MIB for size in (8, 5, 15, 16, 10, 64, 50, 20, 25, 32, 100, 128, 256, 512))
"""Part sizes of other programs (awscli and boto3, rclone, s3cmd, minio, ...), by which an object is recognised."""
MOST_CUTS = 6
"""Ways to cut a file that are tried: each reads all of it."""


def part_size_of(size: int) -> int:
    """Return the bytes of the parts of a file: whole MiB, more of them the larger it is."""
    even = -(-size // AIM)
    return max(LEAST_PART, -(-even // MIB) * MIB)


@frozen
class PartLayout:
    """A size and its parts, numbered from 1.

    Attributes:
        size: bytes of the whole.
        part_size: bytes of each part but the last.
    """

    size: int
    part_size: int = field(default=Factory(lambda self: part_size_of(self.size), takes_self=True))

    @property
    def count(self) -> int:
        """Number of parts; an empty file has one."""
        return max(1, -(-self.size // self.part_size))

    @property
    def is_single(self) -> bool:
        """True if it is sent in one piece."""
        return self.count == 1

    @property
    def at_once(self) -> int:
        """Parts that may be in memory at once."""
        return max(FEWEST_AT_ONCE, min(MOST_AT_ONCE, BUFFERS // self.part_size))

    def __iter__(self) -> Iterator[int]:
        """Numbers of the parts."""
        return iter(range(1, self.count + 1))

    def offset(self, number: int) -> int:
        """Return the offset of a part."""
        return (number - 1) * self.part_size

    def length(self, number: int) -> int:
        """Return the bytes of a part."""
        return min(self.part_size, self.size - self.offset(number))


def whole_etag(parts: Sequence[str]) -> str:
    """ETag of an object that was completed from parts with these MD5 sums in hex; '' if one of them is none."""
    try:
        sums = b"".join(bytes.fromhex(part) for part in parts)
    except ValueError:
        return ""
    digest = hashlib.md5(sums, usedforsecurity=False)
    return f"{digest.hexdigest()}-{len(parts)}"


def part_layouts_of(size: int, etag: str, told: int | None = None) -> list[PartLayout]:
    """Return the cuts by which an object of this size may have got an ETag like ``<md5>-<count>``, likeliest first.

    Args:
        size: of the object.
        etag: of the object.
        told: size of its first part, where the storage tells it: then there is no other cut.
    """
    digest, _, text = etag.partition("-")
    if len(digest) != 2 * hashlib.md5(usedforsecurity=False).digest_size or not (text.isascii() and text.isdigit()):
        return []
    count = int(text)
    if not 0 < count <= MOST_TAKEN:
        return []
    even = -(-size // count)
    guessed = [PartLayout(size).part_size, *USUAL_PARTS, -(-even // MIB) * MIB]
    candidates = dict.fromkeys([told] if told else guessed)
    fitting = [cut for part in candidates if (cut := PartLayout(size, part)).count == count]
    return fitting[: 1 if count == 1 else MOST_CUTS]
