"""Drafts: classes whose objects are filled member by member and then become objects of a frozen class.

Invariant: pure; what comes out is what ``__init__`` makes, and no draft is ever seen. A frozen ``__init__`` sets each
member by ``object.__setattr__``, which costs three times as much as all the rest of it.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import attrs

P = ParamSpec("P")
T = TypeVar("T")


def maker(frozen: Callable[P, T]) -> Callable[P, T]:
    """Return a function that makes objects of a frozen class with slots as the class does, at a third of the cost.

    For requests it is::

        def make(method, target, body=default_2):
            it = draft()
            it.method = method
            ...
            it.__class__ = frozen
            return it
    """
    model: Any = frozen
    fields = attrs.fields(model)
    variables: dict[str, Any] = {"draft": draft_of(model), "frozen": model}
    variables |= {f"default_{field.name}": field.default for field in fields}
    needed = [
        field.name if field.default is attrs.NOTHING else f"{field.name}=default_{field.name}" for field in fields
    ]
    filled = [f" it.{field.name} = {field.name}" for field in fields]
    lines = [f"def make({', '.join(needed)}):", " it = draft()", *filled, " it.__class__ = frozen", " return it"]
    exec("\n".join(lines), variables)  # noqa: S102  our own declarations
    make: Callable[P, T] = variables["make"]
    return make


if TYPE_CHECKING:
    from attrs import evolve as evolve  # noqa: PLC0414  type checkers know by it the members that it takes
else:

    def evolve(value: T, /, **changes: Any) -> T:
        """Return a copy of a frozen value with some members changed, as attrs does at a third of the cost.

        That is where the class of the value has a draft; else attrs does it.
        """
        return _evolver(value.__class__)(value, **changes)


@cache
def _evolver(model: Any) -> Callable[..., Any]:
    """Return a function that copies objects of a class and changes members."""
    draft, names = draft_of(model), [field.name for field in attrs.fields(model)]
    if draft is None or names != [field.alias for field in attrs.fields(model)]:
        return attrs.evolve
    lines = ["def change(value, /, **changes):", " it = draft()", *[f" it.{name} = value.{name}" for name in names]]
    lines += [" for name, new in changes.items():", "  put(it, name, new)", " it.__class__ = frozen", " return it"]
    variables: dict[str, Any] = {"draft": draft, "frozen": model, "put": setattr}
    exec("\n".join(lines), variables)  # noqa: S102  our own declarations
    evolver: Callable[..., Any] = variables["change"]
    return evolver


@cache
def draft_of(model: Any) -> type | None:
    """Return a class of the same layout whose members can be set, None where that cannot stand in for ``__init__``.

    An object is filled as a draft and becomes the model when it is whole.
    """
    if hasattr(model, "__attrs_post_init__") or not all(map(_is_set_as_given, attrs.fields(model))):
        return None
    members: Mapping[str, Any] = {
        "__slots__": model.__dict__.get("__slots__", ()),
        "__setattr__": object.__setattr__,
        "__delattr__": object.__delattr__,
        "__init__": object.__init__,
    }
    draft = type(f"{model.__name__}Draft", (model.__base__,), dict(members))
    try:
        draft().__class__ = model
    except TypeError:  # another layout, as of a class without slots
        return None
    return draft


def _is_set_as_given(field: "attrs.Attribute[Any]") -> bool:
    takes_self = getattr(field.default, "takes_self", False)
    return field.init and field.validator is None and field.converter is None and not takes_self
