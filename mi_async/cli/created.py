"""What a failed workflow left at the service, in sentences, and what to do next.

Invariant: pure; a kind that is not known here is shown as JSON, so that nothing is kept back.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mi_async._core import convert
from mi_async.text import one_line


def sentences(created: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each thing in ``error.created``; the last one says how to go on, where that is known."""
    left = {name: value for name, value in created.items() if value}
    tags: Mapping[str, int] = left.pop("tag_ids", {})
    attached: Sequence[str] = left.pop("attached", ())
    keys: Sequence[str] = left.pop("thumbnail_keys", ())
    person, stored, asset = (left.pop(name, None) for name in ("person_id", "object", "asset_id"))
    if left:
        yield f"exists already: {convert.dumps_shown(left).decode()}"
    if tags:
        named = ", ".join(f'"{one_line(name)}" (ID {number})' for name, number in tags.items())
        yield f"tag {named} exists" if len(tags) == 1 else f"tags {named} exist"
    if attached:
        yield f"{_images(len(attached))} attached: {', '.join(map(one_line, attached))}"
    if keys and person is None:  # of a person's images it is not known here which are attached
        expire = "it expires" if len(keys) == 1 else "they expire"
        yield f"{_images(len(keys), 'uploaded ')} not attached; {expire} after 24 hours"
    if stored is not None:
        yield f"{one_line(str(stored))} is stored"
    if asset is not None:
        yield f"asset {asset} is registered"
    if person is not None:
        yield f"person {person} was created; give it the rest with: mi-async upload-thumbnail {person} FILE..."


def _images(count: int, kind: str = "") -> str:
    return f"1 {kind}image was" if count == 1 else f"{count} {kind}images were"
