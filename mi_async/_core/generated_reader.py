"""Generated readers: one function for each set of members, written for a model and its types.

Invariant: pure; a generated function takes a value as it is only where that is plainly right, and leaves all else to
the hook of the member's type, which decides and explains.
"""

from collections.abc import Callable, Sequence
from typing import Any

import attrs

from mi_async._core.annotations import bare, is_optional
from mi_async._core.drafts import draft_of
from mi_async._core.strict import PRIMITIVES, Hook

Member = tuple[str, "attrs.Attribute[Any]", Any]
"""The name on the wire, the field, and its type with nothing left open."""


def generated_reader(model: Any, members: Sequence[Member], hook_of: Callable[[Any], Hook]) -> Hook | None:
    """Return a function that reads objects with these members, None for a model that only its ``__init__`` can make.

    For persons with an ID and a name it is::

        def read(o, _):
            model = draft()
            v = o['personId']
            model.id = v if v.__class__ is int else hook_0(v, kind_0)
            v = o['name']
            model.name = v if v.__class__ is str or v is None else hook_1(v, kind_1)
            model.description = default_2
            ...
            model.__class__ = frozen
            return model

    Args:
        model: the class.
        members: what is read; the other fields have their defaults.
        hook_of: from a type to its hook.
    """
    draft = draft_of(model)
    if draft is None:
        return None
    variables: dict[str, Any] = {"draft": draft, "frozen": model}
    given = {field.name: (name, kind) for name, field, kind in members}
    lines = ["def read(o, _):", " model = draft()"]
    for number, field in enumerate(attrs.fields(model)):
        if field.name in given:
            name, kind = given[field.name]
            variables |= {f"hook_{number}": hook_of(kind), f"kind_{number}": kind}
            lines += [f" v = o[{name!r}]", f" model.{field.name} = {_value(kind, number)}"]
        else:
            lines.append(f" model.{field.name} = {_default(field, number, variables)}")
    lines += [" model.__class__ = frozen", " return model"]
    exec("\n".join(lines), variables)  # noqa: S102  our own declarations
    read: Hook = variables["read"]
    return read


def _value(kind: Any, number: int) -> str:
    """Return the expression for what is read: the value, if its class says that it fits."""
    plain = bare(kind)
    if plain not in PRIMITIVES or not (plain is kind or is_optional(kind)):
        return f"hook_{number}(v, kind_{number})"
    fits = f"v.__class__ is {plain.__name__}" + ("" if plain is kind else " or v is None")
    return f"v if {fits} else hook_{number}(v, kind_{number})"


def _default(field: "attrs.Attribute[Any]", number: int, variables: dict[str, Any]) -> str:
    """Return the expression for what is not read."""
    default: Any = field.default
    if not isinstance(default, attrs.Factory):  # type: ignore[arg-type]  # a class, typed as a function
        variables[f"default_{number}"] = default
        return f"default_{number}"
    if default.factory is dict:
        return "{}"
    variables[f"default_{number}"] = default.factory
    return f"default_{number}()"
