"""Signatures of values for mkdocstrings, which reads source and does not know what attrs makes of a class."""

import inspect
from typing import Any

import attrs
import griffe
import reference

KINDS = {
    inspect.Parameter.POSITIONAL_ONLY: griffe.ParameterKind.positional_only,
    inspect.Parameter.POSITIONAL_OR_KEYWORD: griffe.ParameterKind.positional_or_keyword,
    inspect.Parameter.VAR_POSITIONAL: griffe.ParameterKind.var_positional,
    inspect.Parameter.KEYWORD_ONLY: griffe.ParameterKind.keyword_only,
    inspect.Parameter.VAR_KEYWORD: griffe.ParameterKind.var_keyword,
}


class Signatures(griffe.Extension):
    """Gives each public attrs class the signature of its constructor, and docstrings without roles of Sphinx."""

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Write the docstring of an object as Markdown."""
        del kwargs
        if obj.docstring is not None:
            obj.docstring.value = reference.markdown(obj.docstring.value)

    def on_package(self, *, pkg: griffe.Module, **kwargs: Any) -> None:
        """Go through the public classes once the package is read."""
        del kwargs
        for path, value in reference.public_values().items():
            if inspect.isclass(value) and attrs.has(value):
                cls = pkg[path.removeprefix(f"{pkg.path}.")]
                if isinstance(cls, griffe.Class) and "__init__" not in cls.members:
                    cls.set_member("__init__", constructor(cls, value))


def constructor(cls: griffe.Class, value: type) -> griffe.Function:
    """Return the constructor of a class, as Python knows it."""
    parameters = [griffe.Parameter("self", kind=griffe.ParameterKind.positional_or_keyword)]
    for each in inspect.signature(value).parameters.values():
        given = None if each.annotation is each.empty else cls.members.get(each.name)
        annotation = (
            given.annotation if isinstance(given, griffe.Attribute) else inspect.formatannotation(each.annotation)
        )
        parameters.append(
            griffe.Parameter(each.name, annotation=annotation, kind=KINDS[each.kind], default=default_of(each))
        )
    return griffe.Function("__init__", parent=cls, parameters=griffe.Parameters(*parameters))


def default_of(parameter: inspect.Parameter) -> str | None:
    """Return a default as one writes it; None if there is none, dots for what attrs makes anew each time."""
    if parameter.default is parameter.empty:
        return None
    return "..." if parameter.default is attrs.NOTHING else repr(parameter.default)
