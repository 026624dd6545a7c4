"""Similarity of faces: a score from the digests of two images.

Invariant: pure; the same image is the same face, and of any other two images about every second pair looks alike.
"""

from collections.abc import Collection, Iterable, Mapping

from mi_async.emulator.synthetic import fraction

SAME = 100
LEAST = 60
"""The score of two faces that have nothing in common."""


def score(one: Collection[str], other: Collection[str]) -> int:
    """Return the likeness of two persons, 60 to 100, by the digests of their images; 0 where one has none."""
    if not one or not other:
        return 0
    if set(one) & set(other):
        return SAME
    return LEAST + int(fraction(*sorted((min(one), min(other)))) * (SAME - LEAST))


def ranked(
    images: Collection[str], persons: Mapping[int, Collection[str]], *, most: int, least: int
) -> Iterable[tuple[int, int]]:
    """Person id and score of up to ``most`` persons who look like the images, the most alike first."""
    scores = {person: score(images, digests) for person, digests in persons.items()}
    alike = [(person, alike) for person, alike in scores.items() if alike >= least]
    return sorted(alike, key=lambda pair: (-pair[1], pair[0]))[:most]
