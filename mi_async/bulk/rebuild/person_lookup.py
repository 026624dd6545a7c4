"""Look-up of the persons of an input at the service: one by one, or from a listing of all, whichever costs less.

Invariant: a listing may leave thumbnails out; it proves that something is there, and never that it is not.
"""

import asyncio
from contextlib import aclosing

from attrs import define, field

from mi_async.api.persons import NameType, Person, SortColumn, SortType
from mi_async.bulk.rebuild.decisions import LIST_PAGE, LookupPath, choose_path
from mi_async.bulk.rebuild.listed_persons import ListedPersons
from mi_async.workflows.absence import person_of
from mi_async.workflows.context import Context
from mi_async.workflows.named_person import LOOKUP_PAGE, find_person, is_filter


@define(eq=False)
class PersonLookup:
    """Look-up of persons by name or ID.

    Attributes:
        context: the workspace.
        told: persons that the service has told of.
        path: how they are found.
        everybody: persons of the workspace.
        named: those of them who have a name.
    """

    context: Context
    told: ListedPersons
    path: LookupPath = LookupPath.EACH
    everybody: int = field(init=False, default=0)
    named: int = field(init=False, default=0)
    _listing: asyncio.Lock = field(init=False, factory=asyncio.Lock)

    @property
    def tells_renamed(self) -> bool:
        """True if all persons were listed: who has another name now is known by an image."""
        return self.path is not LookupPath.EACH

    async def begin(self, rows: int | None, *, by_name: bool) -> None:
        """Decide how persons are found, and list them if that is how.

        Args:
            rows: items of the input, None if unknown.
            by_name: False if persons are known by ID.
        """
        persons = self.context.groups.persons
        self.everybody = (await persons.list(page_size=1)).total_count
        self.named = (await persons.search(page_size=1, name_type=NameType.NAMED)).total_count if by_name else 0
        self.path = choose_path(rows, self.everybody, self.named if by_name else None)
        if self.path is not LookupPath.EACH:
            await self._list(self.path)

    async def _list(self, path: LookupPath) -> None:
        persons = self.context.groups.persons
        if path is LookupPath.NAMED:
            # By ID, so that no analysis changes the order of the pages.
            listing = persons.search_all(
                page_size=LOOKUP_PAGE,
                name_type=NameType.NAMED,
                sort_column=SortColumn.PERSON_ID,
                sort_type=SortType.ASC,
            )
        else:
            listing = persons.all(page_size=LIST_PAGE)
        some: list[Person] = []
        async with aclosing(listing) as found:
            async for person in found:
                some.append(person)
                if len(some) == LIST_PAGE:
                    self.told.add(some)
                    some.clear()
        self.told.add(some)
        self.path = path

    async def by_name(self, name: str) -> tuple[Person, bool] | None:
        """Return who has a name, and True if all of the person is known; None if nobody has it.

        A name by which the service does not search (of one character, or with ``;``) takes a listing, once for all.
        """
        if self.path is LookupPath.EACH and not is_filter(name):
            async with self._listing:  # items are asked about several at once, and one listing serves all
                if self.path is LookupPath.EACH:
                    await self._list(choose_path(None, self.everybody, self.named))
        if self.path is not LookupPath.EACH:
            return self.told.by_name(name)
        found = await find_person(self.context, name)
        return None if found is None else (found, False)

    async def by_id(self, person_id: int) -> tuple[Person, bool] | None:
        """Return the person of an ID, and True if all of it is known; None if there is nobody."""
        if (found := self.told.by_id(person_id)) is not None:
            return found
        person = await self.details(person_id)
        return None if person is None else (person, True)

    async def details(self, person_id: int) -> Person | None:
        """Ask for all of a person; None if there is nobody.

        Raises:
            MIError: the service does not say.
        """
        if (person := await person_of(self.context, person_id)) is not None:
            self.told.add([person], whole=True)
        return person
