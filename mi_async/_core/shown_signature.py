"""Signatures that ``help()`` shows in the words of the source: names of types, without modules and bounds.

Invariant: shows only; the annotations that programs read stay what they are. Nothing is put into words before somebody
looks.
"""

import inspect
from types import FunctionType, NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin


class ShownText(str):
    """An annotation as text that has no quotes where it is shown."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Return the text itself."""
        return str(self)


class ShownParameter(inspect.Parameter):
    """A parameter of a :class:`ShownSignature`."""

    __slots__ = ()

    def __str__(self) -> str:
        """Return it as one writes it."""
        return str(_plain(self))


class ShownSignature(inspect.Signature):
    """A signature whose text has the names of types alone."""

    __slots__ = ()

    _parameter_cls = ShownParameter  # as inspect has it for subclasses

    def format(self, **options: Any) -> str:  # pragma: no cover  not before Python 3.13
        """Return it as one writes it."""
        shown: Any = self._shown()
        return str(shown.format(**options))

    def __str__(self) -> str:
        """Return it as one writes it."""
        return str(self._shown())

    def _shown(self) -> inspect.Signature:
        result = self.return_annotation
        result = result if result is self.empty else ShownText(spelled(result))
        return inspect.Signature([_plain(each) for each in self.parameters.values()], return_annotation=result)


def show_annotations(of: type) -> None:
    """Show annotations of the methods of a class, which are texts, without quotes."""
    for member in vars(of).values():
        if isinstance(member, FunctionType):
            told = inspect.unwrap(member).__annotations__
            told.update({name: ShownText(text) for name, text in told.items()})


def spelled(kind: Any) -> str:
    """Return a type as one writes it."""
    if isinstance(kind, str):
        return kind
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return spelled(parts[0])
    if origin in {UnionType, Union}:
        return " | ".join(map(spelled, parts))
    if origin is not None and parts:
        return f"{origin.__name__}[{', '.join('...' if part is ... else spelled(part) for part in parts)}]"
    return "None" if kind is NoneType else str(getattr(kind, "__name__", kind))


def _plain(parameter: inspect.Parameter) -> inspect.Parameter:
    """Return a parameter of the library's own class, whose annotation is a text."""
    kind = parameter.annotation
    kind = kind if kind is parameter.empty else ShownText(spelled(kind))
    return inspect.Parameter(parameter.name, parameter.kind, default=parameter.default, annotation=kind)
