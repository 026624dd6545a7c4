"""Decisions about a table that says who persons are: which are renamed, which are merged, and which answers clash.

Invariant: pure. No person is touched that the table does not name, whoever is merged away is named by a row of it, and
what two rows do not agree on is left out with all that depends on it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from attrs import define, evolve, field, frozen

from mi_async._core.names import clean_name
from mi_async.bulk.inputs.person_change import PersonChange, PersonMerge
from mi_async.text import escaped
from mi_async.workflows.curation.table import CurationRow
from mi_async.workflows.person_texts import person_fault

MOST_LISTED = 10
"""IDs that a message lists."""


@frozen
class Archive:
    """Persons of the service, as far as a table is about them.

    Attributes:
        names: name of each, None for one without a name; those that do not exist are missing.
        holders: IDs of the persons of a name, in the spelling of ``clean_name``.
        merged: persons that earlier runs have merged, with those into which they were.
    """

    names: Mapping[int, str | None]
    holders: Mapping[str, tuple[int, ...]]
    merged: Mapping[int, int] = field(factory=dict)

    def is_merged(self, person: int) -> bool:
        """Return True if an earlier run has merged a person."""
        return person in self.merged and person not in self.names


@frozen
class CurationConflict:
    """An answer that is left out.

    Attributes:
        origin: place in the table.
        person_id: ID of the person in that row; None where the row names none.
        message: the reason.
    """

    origin: str
    person_id: int | None
    message: str


@frozen
class CurationDecisions:
    """Decisions about a table.

    Attributes:
        changes: of the persons that stay, by ID.
        conflicts: answers that are left out, in the order of the table.
        already: answers that say what is so already.
        empty: rows that nobody has filled in.
    """

    changes: tuple[PersonChange, ...]
    conflicts: tuple[CurationConflict, ...]
    already: int
    empty: int


def decide(rows: Iterable[CurationRow], archive: Archive) -> CurationDecisions:
    """Decide about a table.

    A name that nobody has is given to the person; one that somebody has means that the person is that one, and so
    does ``same_as``. Of several persons with one new name the one of the lowest ID gets it, and the others are merged
    into it. Chains end at their last person.

    Args:
        rows: of the table.
        archive: the persons that the table names by ID or name.
    """
    given = list(rows)
    filled = [_clean(row) for row in given if row.name is not None or row.same_as is not None]
    answers = _TableAnswers(archive)
    for row in filled:
        answers.take(row)
    answers.resolve()
    places = {(row.person_id, row.origin): at for at, row in enumerate(filled)}
    left_out = sorted(answers.faults, key=lambda fault: places[fault[0].person_id, fault[0].origin])
    conflicts = [CurationConflict(_place(row), row.person_id, message) for row, message in left_out]
    return CurationDecisions(answers.changes(), tuple(conflicts), answers.already, len(given) - len(filled))


@define(eq=False)
class _TableAnswers:
    """Answers of a table, one for each person.

    Attributes:
        archive: the persons.
        rows: the answers that stand, by person.
        faults: rows that are left out, with the reason.
        already: answers that say what is so already.
    """

    archive: Archive
    rows: dict[int, CurationRow] = field(init=False, factory=dict)
    faults: list[tuple[CurationRow, str]] = field(init=False, factory=list)
    already: int = field(init=False, default=0)
    _left_out: dict[int, CurationRow] = field(init=False, factory=dict)  # persons with a row in faults
    _targets: dict[int, int] = field(init=False, factory=dict)
    _named: dict[int, str] = field(init=False, factory=dict)
    _takers: dict[str, int] = field(init=False, factory=dict)  # of new names

    def take(self, row: CurationRow) -> None:
        """Take a row: the answer about its person, or a second one."""
        if self.archive.is_merged(row.person_id):
            self.already += 1
            return
        if row.same_as is not None and self.archive.is_merged(row.same_as):
            row = evolve(row, same_as=following(row.same_as, self.archive.merged))
        person, first = row.person_id, self._left_out.get(row.person_id) or self.rows.get(row.person_id)
        if first is None:
            self.rows[person] = row
        elif (first.name, first.same_as) != (row.name, row.same_as):
            if person in self.rows:
                self._leave_out(first, f"person {person} has another answer at {_place(row)}")
            self.faults.append((row, f"person {person} has another answer at {_place(first)}"))

    def resolve(self) -> None:
        """Leave out what cannot be done, and find the person that each of the others is."""
        for row in list(self.rows.values()):
            if (fault := _fault(row, self.archive)) is not None:
                self._leave_out(row, fault)
        self._choose_targets()
        for person, end in self._ends().items():
            if isinstance(end, int):
                self._targets[person] = end
            else:
                self.faults.append((self.rows[person], end))
                del self._targets[person]

    def changes(self) -> tuple[PersonChange, ...]:
        """Return the changes of the persons that stay, by ID."""
        merged: dict[int, list[PersonMerge]] = {person: [] for person in self._named}
        for person, target in self._targets.items():
            names, origin = self.archive.names, self.rows[person].origin
            merged.setdefault(target, []).append(PersonMerge(person, names[person], origin))
        return tuple(self._change(person, merged[person]) for person in sorted(merged))

    def _change(self, person: int, merged: Iterable[PersonMerge]) -> PersonChange:
        row = self.rows.get(person)
        return PersonChange(
            person,
            was=self.archive.names[person],
            name=self._named.get(person),
            merged=tuple(sorted(merged, key=lambda one: one.person_id)),
            origin="" if row is None else row.origin,
        )

    def _choose_targets(self) -> None:
        """Find the next person of each chain, and who of several gets a new name."""
        for person, row in sorted(self.rows.items()):
            if row.same_as is not None:
                self._targets[person] = row.same_as
                continue
            name = row.name or ""
            holders = self.archive.holders.get(name, ())
            if person in holders:
                self.already += 1
            elif holders:
                self._targets[person] = holders[0]
            elif (first := self._takers.setdefault(name, person)) == person:
                self._named[person] = name
            else:
                self._targets[person] = first

    def _ends(self) -> dict[int, int | str]:
        """Return for each person that is somebody else who that is in the end, or why nobody can tell."""
        ends: dict[int, int | str] = {}
        for person in self._targets:
            last, chain = person, dict[int, None]()  # in order
            while last in self._targets and last not in ends and last not in chain:
                chain[last] = None
                last = self._targets[last]
            ends.update(dict.fromkeys(chain, ends.get(last) or self._end(last, list(chain))))
        return ends

    def _end(self, last: int, chain: Sequence[int]) -> int | str:
        if last in chain:
            return f"same_as goes round in a circle: {_listed([*chain[chain.index(last) :], last])}"
        if (row := self._left_out.get(last)) is not None:
            return f"it depends on person {last}, whose row is left out ({_place(row)})"
        return last

    def _leave_out(self, row: CurationRow, reason: str) -> None:
        self.faults.append((row, reason))
        self.rows.pop(row.person_id, None)
        self._left_out.setdefault(row.person_id, row)


def _clean(row: CurationRow) -> CurationRow:
    return row if row.name is None else evolve(row, name=clean_name(row.name))


def _fault(row: CurationRow, archive: Archive) -> str | None:
    """Return the reason for which an answer is left out on its own."""
    person = row.person_id
    if row.name is not None and row.same_as is not None:
        return "name and same_as are both filled in; fill in one of them"
    if person not in archive.names:
        return f"there is no person {person}; it was deleted, or merged into another one"
    if row.same_as is not None:
        return _target_fault(person, row.same_as, archive)
    return _name_fault(row.name or "", archive.names[person], archive)


def _target_fault(person: int, same_as: int, archive: Archive) -> str | None:
    if same_as == person:
        return f"person {person} cannot be the same as itself"
    return None if same_as in archive.names else f"same_as: there is no person {same_as}"


def _name_fault(name: str, was: str | None, archive: Archive) -> str | None:
    if (fault := person_fault(name, None, (), validate=True)) is not None:
        return fault
    if was is not None and clean_name(was) == name:
        return None
    if was is not None:
        return f"the person is called {_quoted(was)} already; a person with a name is merged only by same_as"
    holders = archive.holders.get(name, ())
    if len(holders) > 1:
        return f"{_quoted(name)} is the name of persons {_listed(holders)}; fill in same_as with one of these IDs"
    return None


def _listed(persons: Sequence[int]) -> str:
    shown = ", ".join(map(str, persons[:MOST_LISTED]))
    return shown if len(persons) <= MOST_LISTED else f"{shown} and {len(persons) - MOST_LISTED:,} more"


def _quoted(name: str) -> str:
    return f"'{escaped(name, 60)}'"


def _place(row: CurationRow) -> str:
    return row.origin or f"person {row.person_id}"


def following(person: int, merged: Mapping[int, int]) -> int:
    """Return the person in whom another one is now, after earlier merges."""
    seen = {person}
    while (into := merged.get(person)) is not None and into not in seen:
        seen.add(into)
        person = into
    return person


def named_in(rows: Iterable[CurationRow]) -> Iterator[int]:
    """Yield the IDs that answers are about."""
    for row in rows:
        if row.name is not None or row.same_as is not None:
            yield row.person_id
        if row.same_as is not None:
            yield row.same_as
