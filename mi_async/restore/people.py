"""Persons of a backup as items of a bulk run: decided one by one, with images that were held against their checksums.

Invariant: streams, and changes nothing; each pass decides the same while names and backup stay the same.
"""

from collections.abc import Callable, Generator

from attrs import frozen

from mi_async.backup.format import BackupPerson
from mi_async.backup.reader import Backup
from mi_async.bulk.inputs.models import BadInput, PersonInput
from mi_async.restore.backup_lines import persons_of, sound_images, untold
from mi_async.restore.decisions import (
    Destination,
    RestoredPerson,
    decide_restored,
    in_order,
    person_item,
    restored_name,
)
from mi_async.restore.not_carried import Tell
from mi_async.restore.options import RestoreOptions
from mi_async.restore.target import Namesake


@frozen
class BackupPeople:
    """The persons of a backup, on their way into a workspace.

    Attributes:
        backup: the backup.
        find: returns who has a name in the workspace or in the journal.
        options: of the restore.
    """

    backup: Backup
    find: Callable[[str], Namesake | None]
    options: RestoreOptions

    def decided(self, tell: Tell = untold) -> Generator[tuple[str, BackupPerson, RestoredPerson]]:
        """Yield every person with its place and the decision about it."""
        for origin, person in persons_of(self.backup, tell):
            name = restored_name(person, unnamed=self.options.unnamed)
            namesake = None if name is None else self.find(name)
            yield origin, person, decide_restored(person, origin, name, namesake, self.options.if_exists)

    def items(self, tell: Tell) -> Generator[PersonInput | BadInput]:
        """Yield the items of the bulk run, and tell of what is not among them."""
        for origin, person, decision in self.decided(tell):
            if decision.lost is not None:
                tell(decision.lost)
            elif decision.destination is Destination.ENROLL:
                yield self._item(origin, person, decision, tell)

    def completions(self, tell: Tell) -> Generator[PersonInput | BadInput]:
        """Yield those of whom the workspace has a namesake that is to be completed."""
        for origin, person, decision in self.decided():
            if decision.destination is Destination.COMPLETE:
                yield self._item(origin, person, decision, tell)

    def counted(self) -> dict[Destination, int]:
        """Return the number of persons by where they go; no image is read."""
        counts = dict.fromkeys(Destination, 0)
        for _, _, decision in self.decided():
            counts[decision.destination] += 1
        return counts

    def _item(self, origin: str, person: BackupPerson, decision: RestoredPerson, tell: Tell) -> PersonInput | BadInput:
        name, paths = decision.name, list[str]()
        if not decision.fault:
            paths = sound_images(self.backup, in_order(person.thumbnails), name, origin, tell)
        return person_item(person, name, origin, paths, decision.fault)
