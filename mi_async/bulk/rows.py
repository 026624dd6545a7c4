"""From rows of a table to items: which columns there may be, what they hold, and which rows belong together.

Law: pure; a row that is no item becomes a ``BadInput``, a table that cannot be one an error before the first.
"""

import difflib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from attrs import evolve, frozen

from mi_async.bulk.items import BadInput, PersonInput, ThumbnailUpload, number_fault
from mi_async.errors import InvalidArgumentError

SEPARATOR = "|"
"""Between several pictures or tags in one cell."""

FLAGS = {
    "": False,
    "0": False,
    "false": False,
    "no": False,
    "n": False,
    "1": True,
    "true": True,
    "yes": True,
    "y": True,
}


@frozen
class Row:
    """One row of a table: where it is, and its cells by column."""

    origin: str
    cells: Mapping[str, Any]


@frozen
class Columns:
    """The columns of one kind of table.

    Attributes:
        needed: of each of these exactly one.
        optional: those that may be left out.
    """

    needed: tuple[tuple[str, ...], ...]
    optional: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """All of them."""
        return (*(name for names in self.needed for name in names), *self.optional)

    def fault(self, given: Sequence[str], *, whole: bool = True) -> str | None:
        """What is wrong with the columns of a table.

        Args:
            given: their names.
            whole: whether these are all; if not, some may be missing.
        """
        unknown = [name for name in given if name not in self.names]
        if unknown:
            return f"there is no column {_meant(unknown[0], self.names)}; columns are {', '.join(self.names)}"
        doubled = sorted({name for name in given if given.count(name) > 1})
        if doubled:
            return f"the column {doubled[0]!r} is there twice"
        for names in self.needed:
            there = [name for name in names if name in given]
            if len(there) > 1:
                return f"give one of the columns {' and '.join(there)}, not both"
            if whole and not there:
                return f"the column {' or '.join(map(repr, names))} is missing; there are {', '.join(given) or 'none'}"
        return None

    def check(self, given: Sequence[str], where: str, *, whole: bool = True) -> None:
        """Refuse a table.

        Raises:
            InvalidArgumentError: it has a column that means nothing here, or lacks one that is needed.
        """
        if (fault := self.fault(given, whole=whole)) is not None:
            message = f"{where}: {fault}"
            raise InvalidArgumentError(message)


PEOPLE = Columns((("name",), ("thumbnails", "thumbnail")), ("description", "tags"))
"""A table of people to enroll."""

UPLOADS = Columns((("person_id",), ("thumbnail",)), ("primary",))
"""A table of pictures for people who are there already."""


def _meant(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"{name!r} (did you mean {near[0]!r}?)" if near else repr(name)


def people(rows: Iterable[Row | BadInput], folder: str) -> Iterator[PersonInput | BadInput]:
    """People of a table; consecutive rows of one name are one person with several pictures.

    Args:
        rows: the table.
        folder: what relative paths are relative to.
    """
    held: PersonInput | None = None
    for row in rows:
        if isinstance(row, BadInput):
            yield row
            continue
        try:
            person = _person(row, folder)
            joined = _joined(held, person) if held is not None and held.name == person.name else None
        except ValueError as error:
            yield BadInput(row.origin, str(error))
            continue
        if joined is None and held is not None:
            yield held
        held = joined or person
    if held is not None:
        yield held


def uploads(rows: Iterable[Row | BadInput], folder: str) -> Iterator[ThumbnailUpload | BadInput]:
    """Pictures of a table; arguments as for :func:`people`."""
    for row in rows:
        if isinstance(row, BadInput):
            yield row
            continue
        try:
            yield _upload(row, folder)
        except ValueError as error:
            yield BadInput(row.origin, str(error))


def number(value: Any) -> int:
    """The number of a person.

    Raises:
        ValueError: it is none.
    """
    if isinstance(value, str) and value.isascii() and value.isdigit():
        with suppress(ValueError):  # Python reads no more than some thousands of digits
            value = int(value)
    fault = number_fault(value) if value is not None else "person_id is empty"
    if fault is None and isinstance(value, int):
        return value
    raise ValueError(fault)


def _person(row: Row, folder: str) -> PersonInput:
    cells = row.cells
    one = _text("thumbnail", cells.get("thumbnail"))
    pictures = [one] if one is not None else _texts("thumbnails", cells.get("thumbnails"))
    if not pictures:
        message = "there is no picture in it"
        raise ValueError(message)
    return PersonInput(
        _needed("name", cells.get("name")),
        tuple(os.path.join(folder, picture) for picture in pictures),  # noqa: PTH118  text, and a million of them
        _text("description", cells.get("description")),
        tuple(_texts("tags", cells.get("tags"))),
        origin=row.origin,
    )


def _joined(first: PersonInput, more: PersonInput) -> PersonInput:
    """One person of two rows."""
    description = first.description if more.description is None else more.description
    if first.description not in (None, description):
        message = f"the description of {first.name!r} is another one in {first.origin}"
        raise ValueError(message)
    pictures = (*first.thumbnails, *more.thumbnails)
    return evolve(first, thumbnails=pictures, description=description, tags=(*first.tags, *more.tags))


def _upload(row: Row, folder: str) -> ThumbnailUpload:
    cells = row.cells
    person_id = number(_stripped(cells.get("person_id")))
    picture = os.path.join(folder, _needed("thumbnail", cells.get("thumbnail")))  # noqa: PTH118  as above
    return ThumbnailUpload(person_id, picture, _flag("primary", cells.get("primary")), origin=row.origin)


def _stripped(value: Any) -> Any:
    return value.strip() or None if isinstance(value, str) else value


def _text(what: str, value: Any) -> str | None:
    """The text of a cell without the white space around it; None for an empty one."""
    value = _stripped(value)
    if value is None or isinstance(value, str):
        return value
    message = f"{what} is text, not {type(value).__name__}"
    raise ValueError(message)


def _needed(what: str, value: Any) -> str:
    text = _text(what, value)
    if text is None:
        message = f"{what} is empty"
        raise ValueError(message)
    return text


def _texts(what: str, value: Any) -> list[str]:
    """The texts of a cell: a list, or one text that is split."""
    several = value.split(SEPARATOR) if isinstance(value, str) else [] if value is None else value
    if isinstance(several, list):
        return [text for text in (_text(what, item) for item in several) if text is not None]
    message = f"{what} is a list of texts, not {type(value).__name__}"
    raise ValueError(message)


def _flag(what: str, value: Any) -> bool:
    known = value if isinstance(value, bool) else FLAGS.get(str(value if value is not None else "").strip().casefold())
    if known is None:
        message = f"{what} is true or false, not {value!r}"
        raise ValueError(message)
    return known
