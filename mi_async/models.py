"""Types that the groups share: what travels as plain values, the model base, open enums, pages.

Invariant: values only; the converter and pydantic are imported by the methods that need them.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Self, TypeAlias, TypeVar

from attrs import field, frozen

from mi_async._core.open_enum import OpenEnum
from mi_async._core.values import PlainData, Value
from mi_async.member_display import few

__all__ = ["Json", "JsonObject", "Model", "OpenEnum", "Page", "Serializable", "bounded", "internal", "spelled"]

T = TypeVar("T")

Json: TypeAlias = Any
"""Any JSON value, where the vendor's pages do not say more."""
JsonObject: TypeAlias = Mapping[str, Any]
"""A JSON object whose members the vendor's pages do not name."""


def spelled(*names: str) -> dict[str, tuple[str, ...]]:
    """Field metadata: the wire names to accept, the first being the one to send."""
    return {"spelled": names}


def bounded(*bounds: object) -> dict[str, tuple[object, ...]]:
    """Field metadata of a model that is sent: the bounds of the member, see ``_core.bounds``."""
    return {"bounds": bounds}


def internal(absent: Any = None) -> dict[str, Any]:
    """Field metadata: the member is no part of :meth:`Serializable.to_dict`; nor can anybody give it from outside.

    Args:
        absent: what :meth:`Serializable.from_dict` takes for it, unless the member has a default.
    """
    return {"internal": absent}


class Serializable(PlainData):
    """Base of the results: they become plain values, and come back.

    A web framework that knows pydantic, such as FastAPI, can return, validate and document them.
    """

    __slots__ = ()

    def to_dict(self, *, by_alias: bool = False) -> dict[str, Any]:
        """Return the members as plain values, as ``json.dumps`` takes them: texts, numbers, lists and dicts.

        Timestamps are ISO 8601, enums their values. Members of ``extra`` stand beside the others; one whose name is
        taken stays in a dict called ``extra``. Presigned URLs are in it, as the result of a handler needs them: mind
        where you log it. What was read into memory, such as the bytes of an image, is not.

        Args:
            by_alias: True for the names that the service has, such as ``personId`` for ``id``.

        Raises:
            InvalidArgumentError: ``extra`` is nested too deep.
        """
        from mi_async._core import convert  # noqa: PLC0415  imports this module's users, and a session has it

        return convert.to_plain(self, by_alias=by_alias)

    def to_json(self, *, by_alias: bool = False) -> str:
        """Return :meth:`to_dict` as JSON.

        Args:
            by_alias: as there.

        Raises:
            InvalidArgumentError: a text without a UTF-8 form, or an integer beyond 64 bits.
        """
        from mi_async._core import convert  # noqa: PLC0415  as above

        return convert.dumps(self.to_dict(by_alias=by_alias)).decode()

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Self:
        """Return the object that :meth:`to_dict` was called on.

        Args:
            value: plain values, with names of either kind. What a model does not name goes to ``extra``; other
                results ignore it.

        Raises:
            InvalidArgumentError: a member that is missing or does not fit, with its path.
        """
        from mi_async._core import convert  # noqa: PLC0415  as above

        made: Self = convert.from_plain(value, cls)
        return made

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """Tell pydantic how to read, write and document it; called by pydantic only."""
        from mi_async._core.pydantic_schema import data_schema  # noqa: PLC0415  pydantic is imported by who asks for it

        return data_schema(source, handler)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> Any:
        """Describe it for OpenAPI; called by pydantic only."""
        from mi_async._core.pydantic_schema import described  # noqa: PLC0415  as above

        return described(cls, schema, handler)

    if not TYPE_CHECKING:  # a type checker knows no property of this name

        @property
        def __dict__(self) -> dict[str, Any]:
            """Members by name, for ``vars()``: FastAPI asks for it where a handler declares no result."""
            if hasattr(self, "__iter__"):  # FastAPI asks for dict() first, and that of an empty page is {}
                message = f"{type(self).__name__!r} has no __dict__; use to_dict()"
                raise AttributeError(message)
            from mi_async._core import convert  # noqa: PLC0415  as above

            return convert.members(self)

    def __dir__(self) -> list[str]:
        """List attributes only, not what vars() has of ``extra``."""
        return dir(type(self))


@frozen(eq=False, repr=False)
class Model(Value, Serializable):
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

    @classmethod
    def from_dict(cls, value: Mapping[str, Any], *, of: type[T]) -> "Page[T]":  # type: ignore[override]
        """Return the page that :meth:`to_dict` was called on.

        Args:
            value: as for other models.
            of: the class of the items, such as ``mi_async.Person``: a class cannot tell what ``Page[Person]`` says.

        Raises:
            InvalidArgumentError: as for other models.
        """
        from mi_async._core import convert  # noqa: PLC0415  as in Serializable

        made: Page[T] = convert.from_plain(value, Page[of])  # type: ignore[valid-type]
        return made

    def __iter__(self) -> Iterator[T]:
        """Iterate over the items of this page."""
        return iter(self.content)

    def __getitem__(self, index: int) -> T:
        """Get an item of this page by its position."""
        return self.content[index]

    def __len__(self) -> int:
        """Count the items of this page."""
        return len(self.content)
