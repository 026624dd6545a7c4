"""Columns of the tables: which there may be, and what they are called in English and Korean.

Invariant: pure. A column that means nothing is an error and never ignored: a misspelt one would be, for a whole run.
"""

import difflib
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from attrs import field, frozen

from mi_async._core.names import trimmed
from mi_async.errors import InvalidArgumentError

IMAGES = ("사진", "썸네일", "섬네일", "이미지", "인물 사진", "인물 썸네일")


@frozen
class Columns:
    """The columns of one kind of table.

    Attributes:
        needed: of each of these exactly one.
        optional: those that may be left out.
        korean: other names, and the columns that they stand for. White space, ``_``, ``-`` and case do not count.
    """

    needed: tuple[tuple[str, ...], ...]
    optional: tuple[str, ...]
    korean: tuple[tuple[str, str], ...] = ()
    _known: dict[str, str] = field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Index all names."""
        pairs = [*((name, name) for name in self.names), *self.korean]
        object.__setattr__(self, "_known", {_key(name): column for name, column in pairs})

    @property
    def names(self) -> tuple[str, ...]:
        """All of them."""
        return (*(name for names in self.needed for name in names), *self.optional)

    def named(self, given: str) -> str:
        """Return the column that a name stands for, or the name if that is none."""
        return self._known.get(_key(given), given)

    def fault(self, given: Sequence[str], *, whole: bool = True) -> str | None:
        """Return the fault of a table's columns, None if they have none.

        Args:
            given: their names; those without a name are no columns.
            whole: True if these are all; if not, some may be missing.
        """
        given = [name for name in given if name]
        meant = [self.named(name) for name in given]
        return self._unknown(meant) or self._twice(given, meant) or self._missing(given, meant, whole=whole)

    def _unknown(self, meant: Sequence[str]) -> str | None:
        unknown = next((name for name in meant if name not in self.names), None)
        return unknown and f"unknown column {self._near(unknown)}; the columns are {', '.join(self._bilingual())}"

    def _twice(self, given: Sequence[str], meant: Sequence[str]) -> str | None:
        twice = next((name for name in sorted(meant) if meant.count(name) > 1), None)
        if twice is None:
            return None
        both = list(dict.fromkeys(said for said, column in zip(given, meant, strict=True) if column == twice))
        if len(both) > 1:
            return f"the columns {' and '.join(map(repr, both))} are the same, {twice!r}"
        return f"the column {both[0]!r} is there twice"

    def _missing(self, given: Sequence[str], meant: Sequence[str], *, whole: bool) -> str | None:
        """Return the fault of a table that lacks a column, or has two of which one is needed."""
        for names in self.needed:
            there = [name for name in names if name in meant]
            if len(there) > 1:
                return f"give one of the columns {' and '.join(there)}, not both"
            if whole and not there:
                missing = f"{' or '.join(map(repr, names))}{self._korean(names)}"
                return f"the column {missing} is missing; there are {', '.join(given) or 'none'}"
        return None

    def check(self, given: Sequence[str], where: str, *, whole: bool = True) -> None:
        """Refuse a table.

        Raises:
            InvalidArgumentError: it has a column that means nothing here, or lacks one that is needed.
        """
        if (fault := self.fault(given, whole=whole)) is not None:
            message = f"{where}: {fault}"
            raise InvalidArgumentError(message)

    def _bilingual(self) -> list[str]:
        return [f"{name}{self._korean([name])}" for name in self.names]

    def _korean(self, names: Sequence[str]) -> str:
        """Return the usual Korean name of a column in brackets; '' if it has none."""
        return next((f" ({korean})" for korean, column in self.korean if column in names), "")

    def _near(self, name: str) -> str:
        near = difflib.get_close_matches(_key(name), self._known, n=1)
        return f"{name!r} (did you mean {self._known[near[0]]!r}?)" if near else repr(name)


@lru_cache(maxsize=256)
def _key(name: str) -> str:
    """Return a name without what makes no difference: case, white space, ``_`` and ``-``."""
    text = unicodedata.normalize("NFKC", trimmed(name)).casefold()
    return "".join(char for char in text if not char.isspace() and char not in "_-")


PEOPLE = Columns(
    (("name",), ("thumbnails", "thumbnail")),
    ("description", "tags"),
    (
        *((name, "name") for name in ("이름", "성명", "인물명", "인물 이름")),
        *((name, "thumbnails") for name in IMAGES),
        ("설명", "description"),
        ("인물 설명", "description"),
        ("태그", "tags"),
        ("인물 태그", "tags"),
    ),
)
"""A table of people to enroll."""

UPLOADS = Columns(
    (("person_id",), ("thumbnail",)),
    ("primary",),
    (
        *((name, "person_id") for name in ("인물 ID", "인물 아이디", "아이디")),
        *((name, "thumbnail") for name in IMAGES),
        *(
            (name, "primary")
            for name in ("대표", "대표 썸네일", "대표 섬네일", "대표 사진", "대표 이미지", "대표 여부")
        ),
    ),
)
"""A table of images for people who are there already."""
