"""Writers of models: objects to plain values, in each spelling.

Invariant: pure; built on first use. What is in ``extra`` comes out beside the named members, and never hides one.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, get_origin

import attrs
from cattrs import Converter
from cattrs.gen import make_dict_unstructure_fn, override

from mi_async._core.model_fields import member_fields
from mi_async._core.strict import Json
from mi_async._core.wire_names import Spelling, all_names


def _plain_hook(spelling: Spelling, kind: Any, converter: Converter) -> Callable[[Any], dict[str, Json]]:
    """Return the hook that writes the members of a model, with ``extra`` as one of them."""
    model = get_origin(kind) or kind
    spelled = {field.name: override(rename=spelling.names(field)[0]) for field in member_fields(model)}
    left_out = {field.name: override(omit=True) for field in attrs.fields(model) if "internal" in field.metadata}
    return make_dict_unstructure_fn(kind, converter, **spelled, **left_out)  # type: ignore[arg-type]


def writing_hook(spelling: Spelling, kind: Any, converter: Converter) -> Callable[[Any], dict[str, Json]]:
    """Return the hook that writes a model: None is not sent, and ``extra`` goes back to where it came from."""
    plain = _plain_hook(spelling, kind, converter)

    def unstructure_model(value: Any) -> dict[str, Json]:
        members = plain(value)
        extra: Mapping[str, Json] = members.pop("extra", {})
        return {**extra, **{name: member for name, member in members.items() if member is not None}}

    return unstructure_model


def whole_hook(spelling: Spelling, kind: Any, converter: Converter) -> Callable[[Any], dict[str, Json]]:
    """Return the hook that writes a model as a whole, so that it comes back equal."""
    plain, model = _plain_hook(spelling, kind, converter), get_origin(kind) or kind

    def unstructure_model(value: Any) -> dict[str, Json]:
        if value.__class__ is not model:  # a subclass, in a member of this class
            written: dict[str, Json] = converter.get_unstructure_hook(value.__class__)(value)
            return written
        members = plain(value)
        return members | beside(model, members.pop("extra", {}))

    return unstructure_model


def beside(model: Any, extra: Mapping[str, Json]) -> dict[str, Json]:
    """Return the members of ``extra`` as they stand beside those of a model, in a dict where their names are taken."""
    taken = _taken(model)
    free = {name: member for name, member in extra.items() if name not in taken}
    apart = {name: member for name, member in extra.items() if name in taken}
    return free | ({"extra": apart} if apart else {})


@cache
def _taken(model: Any) -> frozenset[str]:
    return frozenset({"extra", *[name for field in member_fields(model) for name in all_names(field)]})


def members_of(value: Any) -> dict[str, Any]:
    """Return the members of an object by name, as they are, and those of ``extra`` beside them."""
    model = type(value)
    named = {field.name: getattr(value, field.name) for field in member_fields(model)}
    return named | beside(model, getattr(value, "extra", {}))
