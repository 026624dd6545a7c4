"""What is kept of images whose journal rows were damaged, so that no person is given an image a second time.

Invariant: pure; an image that may be at a person is looked up by its key, or left alone until ``journal retry``.
"""

from collections.abc import Sequence
from typing import Any

from mi_async.bulk.journal.records import FAILED, PictureRecord
from mi_async.bulk.journal.typed_rows import MOST
from mi_async.workflows.upload import State

LOST = "LOST"
"""Our code for what a damaged journal no longer tells."""
IMAGE_LOST = "its row in the journal was damaged: nobody knows whether the person has it"
PERSON_LOST = "rows of its images in the journal were damaged: nobody knows which images the person has"


def salvaged(row: Sequence[Any]) -> PictureRecord | None:
    """Return what is kept of a damaged row of ``pictures``; None where it does not tell which image of whom it was.

    With its key the next run looks whether the person has the image, before anything is sent. Without a readable key
    the image counts as failed.
    """
    person, sha256, source, size, mtime_ns, state, key, *_ = row
    if not all(type(text) is str and text for text in (person, sha256, source)):
        return None
    if type(size) is not int or type(mtime_ns) is not int or not 0 <= size < MOST:
        size = mtime_ns = 0  # the next run reads the file to know it again
    if type(key) is str and key:
        return PictureRecord(person, sha256, source, size, mtime_ns, State.CONFIRMED.value, key)
    if key is None and state in (State.NEW.value, FAILED):  # it is not at the service: the next run tries it
        return PictureRecord(person, sha256, source, size, mtime_ns)
    return PictureRecord(person, sha256, source, size, mtime_ns, FAILED, code=LOST, message=IMAGE_LOST)
