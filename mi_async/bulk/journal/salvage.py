"""Salvage of images whose journal rows were damaged, so that no person is given an image a second time.

Invariant: pure; an image that may be at a person is looked up by its key, or left alone until ``journal retry``.
"""

from collections.abc import Sequence
from typing import Any

from attrs import evolve

from mi_async.bulk.journal.records import FAILED, ImageRecord
from mi_async.bulk.journal.typed_rows import MOST
from mi_async.workflows.upload import State

LOST = "LOST"
"""Our code for what a damaged journal no longer tells."""
UNCLEAR = "UNCLEAR"
"""Our code for images that a person may have, whose thumbnails are of unknown content."""
RENAMED = "RENAMED"
"""Our code for a person whose name nobody has, while somebody with another name has its images."""
IMAGE_LOST = "its row in the journal was damaged: nobody knows whether the person has it"
PERSON_LOST = "rows of its images in the journal were damaged: nobody knows which images the person has"


def salvaged(row: Sequence[Any]) -> ImageRecord | None:
    """Return what is kept of a damaged row of ``pictures``; None where it does not tell which image of whom it was.

    With its key the next run looks whether the person has the image, before anything is sent. Without a readable key
    the image counts as failed.
    """
    person, sha256, source, size, mtime_ns, state, key, *_ = row
    if not all(type(text) is str and text for text in (person, sha256, source)):
        return None
    image = ImageRecord(person, sha256, source, *_file_facts(size, mtime_ns))
    if type(key) is str and key:
        return evolve(image, state=State.CONFIRMED.value, thumbnail_key=key)
    if key is None and state in (State.NEW.value, FAILED):  # it is not at the service: the next run tries it
        return image
    return evolve(image, state=FAILED, code=LOST, message=IMAGE_LOST)


def _file_facts(size: Any, mtime_ns: Any) -> tuple[int, int]:
    """Return size and time of a file, 0 and 0 if damaged: the next run then reads the file to know it again."""
    sound = type(size) is int and type(mtime_ns) is int and 0 <= size < MOST
    return (size, mtime_ns) if sound else (0, 0)
