"""The people of the demo, with bundled drawings as images.

Invariant: values and bundled files; none of the people exists.
"""

from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from attrs import frozen

from mi_async.cli.sources import NamedBytes

_FOLDER = resources.files("mi_async.cli") / "pictures"


@frozen
class DemoPerson:
    """One person of the demo."""

    name: str
    description: str
    tags: tuple[str, ...]
    images: tuple[str, ...]

    def sources(self) -> Iterator[NamedBytes]:
        """Yield the images, to upload."""
        for image in self.images:
            yield NamedBytes((_FOLDER / image).read_bytes(), image)


PEOPLE = (
    DemoPerson(
        "홍길동",
        "Reads the evening news.",
        ("Anchor", "뉴스"),
        ("hong-gildong-1.jpg", "hong-gildong-2.png", "hong-gildong-3.webp"),
    ),
    DemoPerson("Kim Minji / weather", "Stands in front of the map.", ("Weather",), ("kim-minji.jpg",)),
    DemoPerson("María Núñez", "Reports from Madrid.", ("Reporter",), ("maria-nunez-1.webp", "maria-nunez-2.jpg")),
    DemoPerson("이순신", "Explains tides and currents.", ("Guest",), ("yi-sunsin.png",)),
    DemoPerson("Ama Mensah", "Asks the questions.", ("Anchor", "Reporter"), ("ama-mensah.webp",)),
)


def image_to_try() -> str:
    """Return an image to try the commands with: a bundled one where it is a file, else a made-up name."""
    image = _FOLDER / PEOPLE[0].images[0]
    return str(image) if isinstance(image, Path) else "portrait.jpg"
