"""Types that the groups share: the model base, open enums, pages.

Invariant: values only; knows nothing of ours but how values show themselves.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, ClassVar, Generic, Self, TypeAlias, TypeVar

from attrs import field, frozen

from mi_async._core.values import Value
from mi_async.member_display import few

T = TypeVar("T")

Json: TypeAlias = Any
"""Any JSON value, where the vendor's pages do not say more."""
JsonObject: TypeAlias = Mapping[str, Any]
"""A JSON object whose members the vendor's pages do not name."""


class OpenEnum(StrEnum):
    """An enum that the service may extend: a value it does not name survives as a member of its own.

    ``UploadStatus("NEW_WORD") == "NEW_WORD"``; such a member pickles, hashes as its string and says so in
    ``is_known``.
    """

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, value)
        member._name_ = member._value_ = value
        return member

    # Enum hashes by name; a str must hash as itself to be found in a dict of strings.
    __hash__ = str.__hash__

    @property
    def is_known(self) -> bool:
        """True if this version of the package documents the value."""
        return type(self).__members__.get(self._name_) is self


def spelled(*names: str) -> dict[str, tuple[str, ...]]:
    """Field metadata: the wire names to accept, the first being the one to send."""
    return {"spelled": names}


def bounded(*bounds: object) -> dict[str, tuple[object, ...]]:
    """Field metadata of a model that is sent: the bounds of the member, see ``_core.bounds``."""
    return {"bounds": bounds}


@frozen(eq=False, repr=False)
class Model(Value):
    """Base of the models: what a model does not name is kept in ``extra``, by wire name.

    A model that is sent may name in ``RULES`` which of its members go together. A subclass is declared with
    ``@frozen(eq=False, repr=False)``, since it inherits both.
    """

    RULES: ClassVar[tuple[Any, ...]] = ()

    extra: Mapping[str, Any] = field(factory=dict, kw_only=True, repr=False, hash=False)

    def _repr_html_(self) -> str:
        """Show itself in a notebook."""
        from mi_async import notebook  # noqa: PLC0415  a program without a notebook draws no table

        return notebook.show(self)


@frozen(eq=False, repr=False)
class Page(Model, Generic[T]):
    """One page of a listing.

    Attributes:
        content: the items of this page.
        total_count: items in all pages.
        total_page: number of pages.
        page_no: number of this page, from 1.
        page_size: items that a full page holds.
    """

    content: tuple[T, ...] = field(repr=few)
    total_count: int = 0
    total_page: int = 0
    page_no: int = 1
    page_size: int = 0

    def __iter__(self) -> Iterator[T]:
        """Iterate over the items of this page."""
        return iter(self.content)

    def __getitem__(self, index: int) -> T:
        """Get an item of this page by its position."""
        return self.content[index]

    def __len__(self) -> int:
        """Count the items of this page."""
        return len(self.content)
