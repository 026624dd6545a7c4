"""Bounds to checks, once for each operation: an operation without bounds costs nothing at a call.

Invariant: pure; a check raises InvalidArgumentError with the Python name of the argument and the bound, or does
nothing.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cache, partial
from typing import Any, get_args, get_origin

import attrs

from mi_async._core.annotations import bare
from mi_async._core.bounds import Bound, Read, Rule
from mi_async.errors import InvalidArgumentError
from mi_async.models import Model

Check = Callable[[Read, str], None]
"""From the arguments and what goes before their names in messages to nothing, or an error."""


def compiled(members: Iterable[tuple[str, Any, Sequence[Bound]]], rules: Iterable[Rule]) -> tuple[Check, ...]:
    """Make one check for each bound and each rule; models among the arguments are looked into.

    Args:
        members: name, type and bounds of each argument, or of each member of a model.
        rules: which of them go together.
    """
    found: list[Check] = []
    for name, kind, bounds in members:
        found += [_bound(name, bound) for bound in bounds]
        found += _inside(name, bare(kind))
    return (*found, *map(_rule, rules))


def _bound(name: str, bound: Bound) -> Check:
    def check(read: Read, prefix: str) -> None:
        value = read(name)
        if value is not None and (fault := bound.fault(value)) is not None:
            message = f"{prefix}{name} needs {bound.text}; it {fault}"
            raise InvalidArgumentError(message)

    return check


def _rule(rule: Rule) -> Check:
    def check(read: Read, prefix: str) -> None:
        if (fault := rule.fault(read)) is not None:
            where = f"in {prefix[:-1]}, " if prefix else ""
            message = f"{where}{rule.text}; {fault}"
            raise InvalidArgumentError(message)

    return check


def _inside(name: str, kind: Any) -> list[Check]:
    """Return a check of what is in a model, or in each model of a list."""
    many = get_origin(kind) is not None
    model: Any = get_args(kind)[0] if many else kind
    is_model = isinstance(model, type) and issubclass(model, Model)
    inner = _of_model(model) if is_model else ()
    if not inner:
        return []

    def check(read: Read, prefix: str) -> None:
        value = read(name)
        for number, item in enumerate((value or ()) if many else (value,)):
            # Anything but the model is none of our business: it may be refused elsewhere, or taken.
            if isinstance(item, model):
                where = f"{prefix}{name}[{number}]." if many else f"{prefix}{name}."
                for each in inner:
                    each(partial(getattr, item), where)

    return [check]


@cache
def _of_model(model: Any) -> tuple[Check, ...]:
    fields = attrs.fields(model)
    return compiled([(f.name, f.type, f.metadata.get("bounds", ())) for f in fields], model.RULES)
