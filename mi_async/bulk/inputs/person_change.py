"""Changes to persons who exist: a name for one, and others who are merged into it.

Invariant: frozen values; the persons are as they were when the change was planned, so that a run can tell what differs.
"""

from attrs import frozen


@frozen
class PersonMerge:
    """A person that is merged into another one and is gone then.

    Attributes:
        person_id: ID of the person.
        name: its name, which is lost; None for one without a name.
        origin: place in the table.
    """

    person_id: int
    name: str | None = None
    origin: str = ""


@frozen
class PersonChange:
    """Change to one person, who stays.

    Attributes:
        person_id: ID of the person.
        was: its name now; None for one without a name.
        name: its new name; None to leave it.
        merged: persons that are merged into it, for good.
        origin: place in the table; '' for a person that only others are merged into.
    """

    person_id: int
    was: str | None = None
    name: str | None = None
    merged: tuple[PersonMerge, ...] = ()
    origin: str = ""

    @property
    def key(self) -> str:
        """The ID of the person, as text."""
        return str(self.person_id)

    @property
    def final_name(self) -> str | None:
        """Its name once the change is made."""
        return self.was if self.name is None else self.name
