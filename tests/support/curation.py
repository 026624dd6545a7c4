"""An archive with anonymous faces, a table that says who they are, and what must become of them, by the table alone.

Invariant: the end is judged by what the service has and what it was sent; the code under test is not asked.
"""

import asyncio
import random
import signal
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from attrs import define, field, frozen

from mi_async.emulator import Server
from mi_async.emulator.workspace import EmulatedPerson
from tests.support import curate_child
from tests.support.faces import person_with_face
from tests.support.killing import Victim

AddFace: TypeAlias = Callable[[str, int, str | None], Awaitable[int]]
LONGEST = 120.0
"""Real seconds after which a client that does nothing fails a test."""
CHAINED = 0.5
"""Share of the faces of which the table says by ID whose they are, and not by name."""
EVERY = 10
"""Of so many people one is left alone: nobody has filled in the rows of its faces."""


@frozen
class FaceTable:
    """A filled-in table.

    Attributes:
        faces: IDs of the persons of each of the people.
        names: of those that the table names.
        lines: of the table.
    """

    faces: dict[str, list[int]]
    names: dict[str, str]
    lines: list[str]


async def table_of(add: AddFace, faces: int, people: int, rng: random.Random) -> FaceTable:
    """Add faces of people to an archive, of every fourth of these one has a name; return a table that names them.

    Args:
        add: adds a person with an image: its face, a number that tells images apart, and its name.
        faces: persons without a name.
        people: who they are.
        rng: chance.
    """
    found: dict[str, list[int]] = defaultdict(list)
    names = {f"person-{number}": f"홍길동 {number}" for number in range(people) if number % EVERY}
    for number in range(1, people, 4):
        if (face := f"person-{number}") in names:
            await add(face, 1000 + number, names[face])
    for number in range(faces):
        face = f"person-{number % people}"
        found[face].append(await add(face, number, None))
    lines: list[str] = []
    for face, persons in found.items():
        for at, person in enumerate(persons):
            chained = at > 0 and rng.random() < CHAINED
            answer = "," if face not in names else f",{persons[at - 1]}" if chained else f"{names[face]},"
            lines.append(f"{person},,{answer}")
    rng.shuffle(lines)
    return FaceTable(dict(found), names, ["person_id,seen,name,same_as", *lines])


async def filled(server: Server, room: str, faces: int, people: int, rng: random.Random) -> FaceTable:
    """Put the archive into the state of an emulator at once."""

    async def add(face: str, number: int, name: str | None) -> int:
        return person_with_face(server, face, number, name=name, workspace=room)

    return await table_of(add, faces, people, rng)


@define(kw_only=True)
class Curation(Victim):
    """A run over a filled-in table, killed and resumed.

    Attributes:
        table: the table.
        before: what the archive has: thumbnails by the face that they show.
    """

    table: FaceTable
    before: dict[str, set[str]] = field(init=False)

    CHILD = curate_child.__file__

    def __attrs_post_init__(self) -> None:
        """Write the table, and remember the archive."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "faces.csv").write_text("\n".join(self.table.lines) + "\n", "utf-8-sig")
        self.before = self._by_face()

    async def strike(self, changes: int, moment: float) -> bool:
        """Let a client work until the service has got so many more names and merges, and kill it then.

        By what the service gets and not by the time: on a busy machine a client begins late, and would be killed before
        it has changed anything.

        Args:
            changes: requests that change persons.
            moment: real seconds after the last of them.

        Returns:
            True if it was killed, False if it had come to its end.
        """
        child = await asyncio.create_subprocess_exec(*self._command(), stdout=asyncio.subprocess.PIPE)
        ending, wanted = asyncio.create_task(child.communicate()), self.changes() + changes
        async with asyncio.timeout(LONGEST):
            while not ending.done() and self.changes() < wanted:  # noqa: ASYNC110  the log tells nobody
                await asyncio.sleep(0.001)
            await asyncio.wait([ending], timeout=moment)
            if not ending.done():
                child.kill()
            await ending
        return child.returncode == -signal.SIGKILL

    def changes(self) -> int:
        """Return the names and merges that the service was asked for."""
        return self.server.log.count("persons.update") + self.server.log.count("persons.merge")

    def faults(self) -> list[str]:
        """What is not as the table says."""
        named = {person.name: person for person in self._persons() if person.name is not None}
        nameless = {person.id for person in self._persons() if person.name is None}
        alone = {person for face, ids in self.table.faces.items() if face not in self.table.names for person in ids}
        sent = Counter(person for body in self._merges() for person in body["personIds"])
        checks = {
            "names": set(named) == set(self.table.names.values()),
            "those without a name": nameless == alone,
            "faces of one person": all(len(self._faces(person)) == 1 for person in self._persons()),
            "thumbnails": self._by_face() == self.before,
            "merged once": set(sent.values()) <= {1},
            "refused merges": not [code for (name, code) in self.server.log.answers if _is_refusal(name, code)],
            "right person": all(
                self._faces(named[name]) == {face} for face, name in self.table.names.items() if name in named
            ),
        }
        return [what for what, holds in checks.items() if not holds]

    def _persons(self) -> list[EmulatedPerson]:
        return list(self.server.state.workspaces[self.room].persons.values())

    def _faces(self, person: EmulatedPerson) -> set[str]:
        uploads = self.server.state.uploads
        return {str(uploads[key].face) for key in person.thumbnails.values()}

    def _by_face(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for person in self._persons():
            for key in person.thumbnails.values():
                found[str(self.server.state.uploads[key].face)].add(key)
        return dict(found)

    def _merges(self) -> list[Any]:
        sent = self.server.log.requests("persons.merge")
        return [request.body for request in sent if f"/{self.room}/" in request.path]


def _is_refusal(name: str, code: int) -> bool:
    return name == "persons.merge" and code not in {200, 500, 503}
