"""Names of uploaded images: no two uploads have the same, and each tells the content of its image.

Invariant: pure. The service keeps the file name in the key of a thumbnail and in its URL, and shows nothing else by
which a thumbnail could be recognised: so the name that we choose is what a later call, in any process, knows it by.
Source: maiu-set-person-thumbnail (the form of a key).
"""

import re
from urllib.parse import unquote, urlsplit

from mi_async.api.persons import PersonThumbnail

NOT_IN_NAME = re.compile(r"[^\w.-]+")
STEM = 60
"""Characters of the caller's file name that are kept in ours."""
TOKEN_BYTES = 6
"""Random bytes that make a name unique."""
_OURS = re.compile(rf"[^/]*-[0-9a-f]{{{2 * TOKEN_BYTES}}}-([0-9a-f]{{32}})\.\w+")


def upload_name(file_name: str, token: str, digest: str) -> str:
    """Return the name under which an image is uploaded: ``hong-5f0c9a31b7de-<MD5 of the image>.jpg``.

    Args:
        file_name: of the image, with the suffix that its content has.
        token: by which a thumbnail is recognised after a lost answer: no other upload has it.
        digest: MD5 of the source's content in hex.
    """
    stem, _, suffix = file_name.rpartition(".")
    return f"{NOT_IN_NAME.sub('_', stem)[:STEM]}-{token}-{digest}.{suffix}"


def digest_in_key(key: str) -> str | None:
    """Return the MD5 of the image that a thumbnail key is of; None for an upload that is not ours."""
    found = _OURS.fullmatch(key.rpartition("/")[2])
    return None if found is None else found[1]


def shown_digest(thumbnail: PersonThumbnail) -> str | None:
    """Return the MD5 of the image that a thumbnail was made of; None where nobody can tell."""
    return digest_in_key(_path(thumbnail))


def shown_file(thumbnail: PersonThumbnail) -> str:
    """Return the file name that a thumbnail shows: the last part of its key, by which :func:`shows` knows it."""
    return _path(thumbnail).rpartition("/")[2]


def shows(thumbnail: PersonThumbnail, key: str) -> bool:
    """Return True if a person's thumbnail is the image of this key, by the file that its URL names: that is unique."""
    return _path(thumbnail).endswith("/" + key.rpartition("/")[2])


def _path(thumbnail: PersonThumbnail) -> str:
    return unquote(urlsplit(thumbnail.url).path)
