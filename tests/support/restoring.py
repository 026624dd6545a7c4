"""A workspace that is backed up, restored into another and backed up again, by clients that are killed on the way."""

import random
from pathlib import Path
from typing import Any, ClassVar

from attrs import define, frozen

from mi_async.backup import BackupComparison, compare_backups
from mi_async.emulator import Latency, Server, Settings
from tests.support import restore_child
from tests.support.backups import ROOM, add_people
from tests.support.killing import Victim

TARGET = "archive"
SETTINGS = Settings(latency=Latency.constant(0.2), workspaces=(ROOM, TARGET), keep_bytes=True)


@define(kw_only=True)
class ArchiveClient(Victim):
    """A backup or a restore by as many processes as it takes."""

    CHILD: ClassVar[str] = restore_child.__file__

    def _more(self) -> dict[str, Any]:
        return {} if self.journal.name else {"journal": ""}


@frozen
class RoundTrip:
    """What came of a round trip.

    Attributes:
        kills: clients that were killed.
        peaks: most memory of each client that came to its end, in KiB, by what it did.
        compared: the two backups.
    """

    kills: int
    peaks: dict[str, int]
    compared: BackupComparison


async def round_trip(
    server: Server, folder: Path, persons: int, *, kills: int, longest: float, images: int = 2, seed: int = 7
) -> RoundTrip:
    """Back up so many people, restore them, and back them up again; kill each client so often.

    Args:
        server: a service with SETTINGS.
        folder: for what is written.
        persons: how many; one of them has no name.
        kills: of the first backup, and of the restore.
        longest: seconds after which a client is killed at the latest.
        images: of each person.
        seed: of the moments.
    """
    rng = random.Random(seed)  # noqa: S311  not cryptography
    add_people(server, persons, images=images, unnamed=persons)
    first, second, killed, peaks = folder / "first", folder / "second", 0, dict[str, int]()
    steps = (
        ("backup", ROOM, first, Path(), kills),
        ("restore", TARGET, first, folder / "run.journal", kills),
        ("backup again", TARGET, second, Path(), 0),
    )
    for name, room, place, journal, deaths in steps:
        client = ArchiveClient(server=server, room=room, folder=place, journal=journal)
        tale = await client.survive(rng, deaths, longest)
        killed += len(tale.kills)
        peaks[name] = max(int(row["peak"]) for row in tale.rows)
    return RoundTrip(killed, peaks, compare_backups(first, second))
