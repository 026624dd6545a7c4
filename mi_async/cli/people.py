"""The people of the demo, and their pictures, which are drawings that came with the package.

Law: values and bundled files; nobody of them exists.
"""

from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from attrs import frozen

from mi_async.cli.upload import Named

_PICTURES = resources.files("mi_async.cli") / "pictures"


@frozen
class Somebody:
    """One person of the demo."""

    name: str
    description: str
    tags: tuple[str, ...]
    pictures: tuple[str, ...]

    def sources(self) -> Iterator[Named]:
        """The pictures, to upload."""
        for picture in self.pictures:
            yield Named((_PICTURES / picture).read_bytes(), picture)


PEOPLE = (
    Somebody(
        "홍길동",
        "Reads the evening news.",
        ("Anchor", "뉴스"),
        ("hong-gildong-1.jpg", "hong-gildong-2.png", "hong-gildong-3.webp"),
    ),
    Somebody("Kim Minji / weather", "Stands in front of the map.", ("Weather",), ("kim-minji.jpg",)),
    Somebody("María Núñez", "Reports from Madrid.", ("Reporter",), ("maria-nunez-1.webp", "maria-nunez-2.jpg")),
    Somebody("이순신", "Explains tides and currents.", ("Guest",), ("yi-sunsin.png",)),
    Somebody("Ama Mensah", "Asks the questions.", ("Anchor", "Reporter"), ("ama-mensah.webp",)),
)


def example_picture() -> str:
    """A picture to try the commands with: a bundled one where it is a file, else a made-up name."""
    picture = _PICTURES / PEOPLE[0].pictures[0]
    return str(picture) if isinstance(picture, Path) else "portrait.jpg"
