"""Advice about failures, by code: the one table for reports, journals and the command line.

Invariant: pure; a code that is not in the table has the advice of what is unknown.
"""

from attrs import frozen

from mi_async.bulk.engine.outcome import KNOWN
from mi_async.bulk.journal.salvage import LOST, RENAMED, UNCLEAR
from mi_async.media.image import FIT_BYTES


@frozen
class Advice:
    """Advice about a code.

    Attributes:
        text: the advice; '' where only a retry is left.
        retry: True if ``journal retry`` can help: the input is right, and what was wrong is elsewhere.
    """

    text: str = ""
    retry: bool = True


UNKNOWN = Advice()
FIT_ADVICE = {
    "size": f"--fit makes images of more than {FIT_BYTES:,} bytes smaller",
    "format": "another format, or damaged: --fit converts HEIC, AVIF, TIFF, BMP and GIF; convert other files, or get "
    "them again; the next run takes the new files",
}
"""Advice by code in a run over images without the option."""

_IMAGE = "replace it by another image; the next run takes the new file"
_LINK = "check the workspace's link to its bucket in the console"

ADVICE = {
    "resolution": Advice(
        "width and height are not those that the service takes: use another file; the next run takes it", retry=False
    ),
    "RESOLUTION_NOT_SUPPORT": Advice(f"an image needs at least 256 px each way: {_IMAGE}", retry=False),
    "size": Advice("the file is too big: make it smaller; the next run takes the new file", retry=False),
    "OVER_SIZE_LIMIT": Advice("the file is too big: make it smaller; the next run takes the new file", retry=False),
    "format": Advice(
        "another format, or damaged: convert the file, or get it again; the next run takes the new file",
        retry=False,
    ),
    "incomplete": Advice(
        "the file is cut off or still being written: copy it again from its source, once that is finished; the next "
        "run takes the new file",
        retry=False,
    ),
    "no_video": Advice("no picture track: leave the file out, or export it with video", retry=False),
    "duration": Advice("the video is too long: cut it; the next run takes the new file", retry=False),
    "unreadable": Advice("make the file readable, or correct its path in the input", retry=False),
    "changed": Advice("let the program that writes the file finish, then run again", retry=False),
    KNOWN: Advice(
        "somebody who is there looks like the person: run again with --known attach to give that one the images, or "
        "with --known ignore to create it",
        retry=False,
    ),
    "DUPLICATE": Advice("remove or rename the second one in the input", retry=False),
    "INPUT": Advice("correct the row or file in the input", retry=False),
    "InvalidArgumentError": Advice("correct the row or file in the input", retry=False),
    "10001": Advice(
        "the service refuses the request as it is, such as one for a person who does not exist: correct the item in "
        "the input",
        retry=False,
    ),
    "10049": Advice("the name is too long: shorten it in the input", retry=False),
    "10069": Advice(f"no usable face, seen from the front: {_IMAGE}", retry=False),
    "10072": Advice(f"the service cannot read this format: {_IMAGE}", retry=False),
    "10073": Advice(f"the service cannot crop the face: {_IMAGE}", retry=False),
    "10074": Advice(f"the service cannot make a cover of this image: {_IMAGE}", retry=False),
    LOST: Advice("compare the images of the person at the service, then give it the missing ones with upload-many"),
    UNCLEAR: Advice(
        "compare the images of the person at the service: give it the missing ones with upload-many, or upload "
        "all by a retry"
    ),
    RENAMED: Advice(
        "if the person was renamed, give it its name back, at the service or in the input; if it was merged into the "
        "other one, take its row out of the input; a retry creates another one"
    ),
    "GONE": Advice(
        "somebody else has merged or deleted the person: there is nothing left to do, or correct the row", retry=False
    ),
    "NAME_CHANGED": Advice("the person was renamed since the plan was shown: look who it is, or correct the row"),
    "50005": Advice(
        "the name is taken by a person from before this journal: use another name, or give that person the images "
        "with upload-many",
        retry=False,
    ),
    "10068": Advice("the person or the workspace is full: make room at the service"),
    "10045": Advice("the workspace is full: make room at the service"),
    "10076": Advice("the person has all the primary thumbnails it may have: remove one at the service"),
    "10010": Advice("the object is missing in the bucket: put it back"),
    "10016": Advice(_LINK),
    "10041": Advice(_LINK),
    "10046": Advice(_LINK),
    "10048": Advice(_LINK),
}


def advice(code: str) -> Advice:
    """Return the advice about a code."""
    return ADVICE.get(code, UNKNOWN)
