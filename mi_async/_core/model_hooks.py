"""Hooks for models: one reader for each set of members that objects of a kind arrive with.

Invariant: pure; built on first use. A member that a model does not name is kept in ``extra``.

Objects of one kind arrive with the same few sets of members again and again. So each set of names is looked at once:
cattrs then writes a function that reads just these members and asks for no others.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, TypeVar, get_args, get_origin

import attrs
from cattrs import Converter
from cattrs.gen import make_dict_structure_fn_from_attrs, make_dict_unstructure_fn, override

from mi_async._core.generated_reader import generated_reader
from mi_async._core.strict import COLLECTIONS, WORDS, Hook, Json, MisfitError, as_id, is_collection, is_optional_scalar
from mi_async._core.wire_names import wire_names
from mi_async.models import Model

ID = re.compile(r"(^|_)ids?$")
"""Names of members that hold IDs: ``id``, ``asset_id``, ``scene_ids``."""
SHAPES = 128
"""Sets of member names that are remembered for a model; a service that sends more costs time, not memory."""
WRITTEN = 1024
"""Functions written by cattrs that are remembered, of all models together."""


def register_models(converter: Converter, *, tolerant: bool) -> None:
    """Teach a converter to read and write models.

    Args:
        converter: what is taught.
        tolerant: whether a member that does not fit is mended where that can be done.
    """
    converter.register_structure_hook_factory(_is_model, _tolerant_hook if tolerant else _strict_hook)
    if not tolerant and not converter.detailed_validation:
        converter.register_structure_hook_factory(_is_array_of_models, _array_hook)
    converter.register_unstructure_hook_factory(_is_model, _writing_hook)


class Readers(dict[tuple[str, ...], Hook]):
    """For each set of member names, the function that reads objects with them; built when first seen."""

    def __init__(self, kind: Any, converter: Converter) -> None:
        self._kind, self._converter = kind, converter

    def __missing__(self, names: tuple[str, ...]) -> Hook:
        if len(self) >= SHAPES:
            self.clear()
        self[names] = reader = _reader(self._kind, self._converter, names)
        return reader


@cache  # cattrs asks once for every field of the type
def _strict_hook(kind: Any, converter: Converter) -> Hook:
    """Return the hook for a model: it finds the function for the members that an object has."""
    readers = _readers(kind, converter)

    def structure_model(value: Json, _: Any) -> Any:
        if value.__class__ is dict:
            return readers[tuple(value)](value, kind)
        raise MisfitError(WORDS[dict], value)

    return structure_model


@cache
def _readers(kind: Any, converter: Converter) -> Readers:
    return Readers(kind, converter)


def _array_hook(kind: Any, converter: Converter) -> Hook:
    """Return the hook for an array of models, without the two calls for each that the hooks of both would make."""
    holder, model = COLLECTIONS[get_origin(kind)][2], get_args(kind)[0]
    readers, read = _readers(model, converter), _strict_hook(model, converter)

    def structure_models(value: Json, _: Any) -> Any:
        if value.__class__ is not list:
            raise MisfitError(WORDS[list], value)
        return holder(
            [readers[tuple(o)](o, model) if o.__class__ is dict else read(o, model) for o in value]  # read() refuses
        )

    return structure_models


@cache
def _tolerant_hook(kind: Any, converter: Converter) -> Hook:
    """Return the hook for a model that mends an object of which a member does not fit, as far as that can be mended."""
    readers = Readers(kind, converter)

    def structure_model(value: Json, _: Any) -> Any:
        if value.__class__ is not dict:
            raise MisfitError(WORDS[dict], value)
        try:
            return readers[tuple(value)](value, kind)
        except Exception:  # noqa: BLE001  of whatever kind: the mended object decides, and raises it again
            members, odd = _mended(kind, converter, value)
        model = readers[tuple(members)](members, kind)
        return attrs.evolve(model, extra={**model.extra, **odd}) if odd else model

    return structure_model


def _mended(kind: Any, converter: Converter, value: dict[str, Json]) -> tuple[dict[str, Json], dict[str, Json]]:
    """Return the members of an object as they can be read, and those that are left out because they cannot."""
    members, odd = dict(value), dict[str, Json]()
    for field in _fields(get_origin(kind) or kind):
        if getattr(field.type, "__parameters__", ()):  # of a page: what its items are is told by whoever asks for it
            continue
        hook = converter.get_structure_hook(field.type)
        for name in wire_names(field):
            if name in members:
                _mend(field, hook, name, members, odd)
    return members, odd


def _mend(field: "attrs.Attribute[Any]", hook: Hook, name: str, members: dict[str, Json], odd: dict[str, Json]) -> None:
    """Mend one member, or leave it out where the model has a default for it."""
    if ID.search(field.name):
        members[name] = as_id(members[name], field.type)
    if field.default is attrs.NOTHING or _fits(members[name], field.type, hook):
        return
    if members[name] is None:
        del members[name]
    elif field.default is None and is_optional_scalar(field.type):
        odd[name] = members.pop(name)


def _fits(value: Json, kind: Any, hook: Hook) -> bool:
    try:
        hook(value, kind)
    except Exception:  # noqa: BLE001  a group of them where explanations are wanted
        return False
    return True


def _reader(kind: Any, converter: Converter, names: tuple[str, ...]) -> Hook:
    """Build the function for objects with these members."""
    wanted, twice, unknown = _spellings(get_origin(kind) or kind, names)
    read = _written(kind, converter, (*wanted, "extra") if unknown else wanted)
    if not unknown and not twice:
        return read

    def read_with_extra(value: dict[str, Json], _: Any) -> Any:
        # An unknown member that is itself called extra is replaced here and kept in there.
        members = value | {"extra": {name: value[name] for name in unknown}}
        for name, other in twice:
            if value[name] is None:
                members[name] = value[other]
        return read(members, kind)

    return read_with_extra


def _spellings(model: Any, names: tuple[str, ...]) -> tuple[tuple[str, ...], list[tuple[str, str]], Collection[str]]:
    """Return the names to read, pairs of which the second stands in for null, and the names of no field."""
    wanted: list[str] = []
    twice: list[tuple[str, str]] = []
    unknown = dict.fromkeys(names)
    for field in _fields(model):
        spelled = wire_names(field)
        given = [name for name in spelled if name in names]
        if given or field.default is attrs.NOTHING:
            wanted.append((given or spelled)[0])
        twice += [(given[0], other) for other in given[1:]]
        for name in given:
            del unknown[name]
    return tuple(wanted), twice, unknown


@lru_cache(WRITTEN)  # unknown members make many sets of names from few known ones
def _written(kind: Any, converter: Converter, wanted: tuple[str, ...]) -> Hook:
    """Return the function that reads exactly these members, generated by us where that can be, else by cattrs."""
    model = get_origin(kind) or kind
    fields = _fields(model)
    spelled = {name: field for field in fields for name in wire_names(field)}
    spelled["extra"] = attrs.fields_dict(model)["extra"]
    variables = [variable.__name__ for variable in getattr(model, "__parameters__", ())]
    arguments = dict(zip(variables, get_args(kind), strict=True))
    if not converter.detailed_validation:
        given = [(name, spelled[name], _closed(spelled[name].type, arguments)) for name in wanted]
        if (read := generated_reader(model, given, converter.get_structure_hook)) is not None:
            return read
    members = _members(wanted, fields, spelled)
    return make_dict_structure_fn_from_attrs(members, model, converter, arguments, _cattrs_use_linecache=False)


def _members(
    wanted: Sequence[str],
    fields: "Sequence[attrs.Attribute[Any]]",
    spelled: "Mapping[str, attrs.Attribute[Any]]",
) -> "list[attrs.Attribute[Any]]":
    """Return the fields by their wire names, as cattrs is to read them."""
    # Up to the first field that is left out, arguments go by position: faster than by name.
    in_place = {name for name, field in zip(wanted, fields, strict=False) if spelled[name] is field}
    return [
        field.evolve(name=name, alias=field.alias, default=attrs.NOTHING, kw_only=field.kw_only or name not in in_place)
        for name, field in ((name, spelled[name]) for name in wanted)
    ]


def _closed(kind: Any, arguments: Mapping[str, Any]) -> Any:
    """Return a type with the arguments of its generic model filled in."""
    if isinstance(kind, TypeVar):
        return arguments[kind.__name__]
    parameters = getattr(kind, "__parameters__", ())
    return kind[tuple(arguments[parameter.__name__] for parameter in parameters)] if parameters else kind


def _fields(model: Any) -> list["attrs.Attribute[Any]"]:
    """Return the fields that have a member on the wire, those that go by position first."""
    fields = attrs.fields(attrs.resolve_types(model))
    return sorted((f for f in fields if f.name != "extra"), key=lambda f: f.kw_only)


def _writing_hook(kind: Any, converter: Converter) -> Callable[[Any], dict[str, Json]]:
    """Return the hook that writes a model: None is not sent, and ``extra`` goes back to where it came from."""
    renamed = {field.name: override(rename=wire_names(field)[0]) for field in _fields(get_origin(kind) or kind)}
    plain = make_dict_unstructure_fn(kind, converter, **renamed)  # type: ignore[arg-type]

    def unstructure_model(value: Any) -> dict[str, Json]:
        members = plain(value)
        extra: Mapping[str, Json] = members.pop("extra")
        return {**extra, **{name: member for name, member in members.items() if member is not None}}

    return unstructure_model


def _is_model(kind: Any) -> bool:
    model = get_origin(kind) or kind
    return isinstance(model, type) and issubclass(model, Model)


def _is_array_of_models(kind: Any) -> bool:
    return is_collection(kind) and COLLECTIONS[get_origin(kind)][0] is list and _is_model(get_args(kind)[0])
