"""Markup of the image of a person, or of the reason why there is none.

Invariant: pure; text from the service is text, and no URL is in it.
"""

from mi_async.api.person_models import PersonThumbnail
from mi_async.language import PageWords
from mi_async.notebook import escaped_line
from mi_async.pictures.image_previews import ImagePreview

LARGE, SMALL = 120, 40
"""Pixels of a face and of the others, where a notebook leaves the style out."""


def face_image(
    name: str, thumbnail: PersonThumbnail, preview: ImagePreview, words: PageWords, pixels: int = LARGE
) -> str:
    """Return the markup of an image; a small one without a preview is a mark that tells the reason.

    Args:
        name: of the person.
        thumbnail: what the image shows.
        preview: of it.
        words: of the picture.
        pixels: LARGE or SMALL.
    """
    told = escaped_line(words("image", id=thumbnail.id, person=name))
    kind = "face" if pixels == LARGE else "other"
    if preview.data:
        return f'<img class="{kind}" width="{pixels}" src="{preview.data}" alt="{told}" title="{told}">'
    reason = words(preview.reason)
    if kind == "other":
        return f'<span class="lost" role="img" aria-label="{told}: {reason}" title="{told}: {reason}">?</span>'
    return f'<span class="none">{reason}</span>'
