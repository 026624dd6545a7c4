"""Beginnings of multipart uploads whose answer was lost: nobody knows the ID, so nobody can give them up."""

import logging

from mi_async.errors import APIError
from mi_async.storage.models import StoredObject

_log = logging.getLogger(__name__)

LEFT_BEHIND = (
    "%s: the answer to the beginning of an upload was lost, so there may be one unfinished upload of it too many. A "
    "lifecycle rule of the bucket removes it, or you do: ListMultipartUploads of bucket %r with prefix %r names it, "
    "AbortMultipartUpload removes it"
)
SURELY_NOT = frozenset({429, 503})
"""HTTP statuses of a storage that is busy: nothing was begun."""


def may_have_begun(error: BaseException) -> bool:
    """Return True if the beginning of an upload may have had its effect although we saw a failure."""
    busy = isinstance(error, APIError) and error.status in SURELY_NOT
    return bool(getattr(error, "ambiguous", True)) and not busy


def warn_left_behind(place: StoredObject) -> None:
    """Say how an upload of which nobody knows the ID is found and removed."""
    _log.warning(LEFT_BEHIND, place, place.bucket, place.key)
