"""Histories of items: rows of a journal about the persons and files of a chunk, asked for together."""

from collections.abc import Mapping, Sequence

from mi_async.bulk.enroll.decisions import Fingerprint, PersonHistory
from mi_async.bulk.images.loading import fingerprint, is_file
from mi_async.bulk.inputs.models import FaceItem, PersonInput, ThumbnailUpload
from mi_async.bulk.journal.journal import Journal
from mi_async.bulk.journal.records import ImageRecord, PersonRecord
from mi_async.media.image_source import name_of


async def find_histories(
    journal: Journal, kind: type[PersonInput] | type[ThumbnailUpload], items: Sequence[FaceItem]
) -> dict[str, PersonHistory]:
    """Return what a journal knows of the persons of a chunk; of single images without the person's own row."""
    if kind is PersonInput:
        rows = await journal.find([item.key for item in items if isinstance(item.key, str)])
        return {key: PersonHistory(*known) for key, known in rows.items()}
    # of these files only: a person may have any number of images by now
    files = [(item.key, name_of(source)) for item in items for source in item.thumbnails if is_file(source)]
    found: dict[str, list[ImageRecord]] = {}
    for row in await journal.find_files(files):
        found.setdefault(row.person, []).append(row)
    return {key: PersonHistory(PersonRecord(key), tuple(rows)) for key, rows in found.items()}


def fingerprints(items: Sequence[FaceItem]) -> Mapping[str, Fingerprint]:
    """Return the fingerprints of the files of a chunk, by name; blocks."""
    files = {name_of(source): source for item in items for source in item.thumbnails if is_file(source)}
    return {name: fingerprint(source) for name, source in files.items()}
