"""Error of a person who is to be created and looks like somebody who is there, and those whom it looks like."""

from attrs import frozen

from mi_async.errors.mi_error import MIError
from mi_async.text import escaped


@frozen
class PersonMatch:
    """A person who looks like an image.

    Attributes:
        id: ID of the person.
        name: None for a person without a name, and where the service does not tell.
        score: likeness as the service tells it, None where it tells none; at least the score that was asked for.
    """

    id: int
    name: str | None = None
    score: float | None = None

    def __str__(self) -> str:
        """Show the match in a few words: ``1001 'Gildong Hong' (score 93)``."""
        name = "without a name" if self.name is None else f"'{escaped(self.name)}'"
        return f"{self.id} {name}" if self.score is None else f"{self.id} {name} (score {self.score:g})"


class PersonKnownError(MIError):
    """A person was not created, because somebody who is there looks like it; no error of the service.

    Attributes:
        name: of the person that was to be created.
        matches: the persons who look like it, the most alike first.
    """

    def __init__(self, message: str, *, name: str, matches: tuple[PersonMatch, ...]) -> None:
        super().__init__(message)
        self.name = name
        self.matches = matches
