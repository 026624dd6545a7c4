"""Similarity of faces: a score from two images, by whose face they say that they show, and by their digests.

Invariant: pure; the same image is the same face, images of one face look alike, and those of two do not. Of images that
say nothing about every second pair looks alike.
"""

from collections.abc import Collection, Iterable, Mapping

from attrs import frozen

from mi_async.emulator.synthetic import fraction

SAME = 100
UNNAMED = (60, SAME)
"""From the score of two faces that have nothing in common up to this, where no image says whose face it shows."""
ALIKE = (90, SAME)
"""From this up to that for other images of one face."""
UNLIKE = (60, 80)
"""From this up to that for images of two faces; the service tells of none below 80."""


@frozen
class FaceImage:
    """An image as far as faces are compared.

    Attributes:
        digest: of its content.
        face: whose face it says that it shows, '' if it says nothing.
    """

    digest: str
    face: str = ""


def score(one: Collection[FaceImage], other: Collection[FaceImage]) -> int:
    """Return the likeness of two persons, 60 to 100, by their images; 0 where one has none."""
    if not one or not other:
        return 0
    digests, others = ({image.digest for image in images} for images in (one, other))
    if digests & others:
        return SAME
    low, high = _range({image.face for image in one} - {""}, {image.face for image in other} - {""})
    return low + int(fraction(*sorted((min(digests), min(others)))) * (high - low))


def _range(one: Collection[str], other: Collection[str]) -> tuple[int, int]:
    """Return the range of the score for persons of these faces; somebody with a face is like nobody without."""
    if not one and not other:
        return UNNAMED
    return ALIKE if set(one) & set(other) else UNLIKE


def ranked(
    images: Collection[FaceImage], persons: Mapping[int, Collection[FaceImage]], *, most: int, least: int
) -> Iterable[tuple[int, int]]:
    """Person id and score of up to ``most`` persons who look like the images, the most alike first."""
    scores = {person: score(images, theirs) for person, theirs in persons.items()}
    alike = [(person, alike) for person, alike in scores.items() if alike >= least]
    return sorted(alike, key=lambda pair: (-pair[1], pair[0]))[:most]
