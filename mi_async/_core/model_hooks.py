"""Hooks for models: one reader for each set of members that objects of a kind arrive with.

Invariant: pure; built on first use. A member that a model does not name is kept in ``extra``.

Objects of one kind arrive with the same few sets of members again and again. So each set of names is looked at once:
cattrs then writes a function that reads just these members and asks for no others.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from functools import cache, lru_cache, partial
from typing import Any, get_args, get_origin

import attrs
from cattrs import Converter
from cattrs.gen import make_dict_structure_fn_from_attrs

from mi_async._core.generated_reader import generated_reader
from mi_async._core.model_fields import absent_members, closed, member_fields
from mi_async._core.model_writer import whole_hook, writing_hook
from mi_async._core.strict import COLLECTIONS, WORDS, Hook, Json, MisfitError, as_id, is_collection, is_optional_scalar
from mi_async._core.values import PlainData
from mi_async._core.wire_names import Spelling, all_names

ID = re.compile(r"(^|_)ids?$")
"""Names of members that hold IDs: ``id``, ``asset_id``, ``scene_ids``."""
SHAPES = 128
"""Sets of member names that are remembered for a model; a service that sends more costs time, not memory."""
WRITTEN = 1024
"""Functions written by cattrs that are remembered, of all models together."""


def register_models(converter: Converter, *, tolerant: bool, spelling: Spelling) -> None:
    """Teach a converter to read and write models.

    Args:
        converter: what is taught.
        tolerant: True to mend a member that does not fit, where that can be done.
        spelling: names of the members.
    """
    reading = partial(_tolerant_hook if tolerant else _strict_hook, spelling)
    converter.register_structure_hook_factory(_is_model, reading)
    if not tolerant and not converter.detailed_validation:
        converter.register_structure_hook_factory(_is_array_of_models, partial(_array_hook, spelling))
    if spelling.whole:
        converter.register_unstructure_hook(str, str)  # an enum or a MaskedURL is a plain text there
        converter.register_unstructure_hook_factory(_is_model, partial(whole_hook, spelling))
    else:
        converter.register_unstructure_hook_factory(_is_model, partial(writing_hook, spelling))


class Readers(dict[tuple[str, ...], Hook]):
    """For each set of member names, the function that reads objects with them; built when first seen."""

    def __init__(self, spelling: Spelling, kind: Any, converter: Converter) -> None:
        self._spelling, self._kind, self._converter = spelling, kind, converter

    def __missing__(self, names: tuple[str, ...]) -> Hook:
        if len(self) >= SHAPES:
            self.clear()
        self[names] = reader = _reader(self._spelling, self._kind, self._converter, names)
        return reader


@cache  # cattrs asks once for every field of the type
def _strict_hook(spelling: Spelling, kind: Any, converter: Converter) -> Hook:
    """Return the hook for a model: it finds the function for the members that an object has."""
    readers = _readers(spelling, kind, converter)

    def structure_model(value: Json, _: Any) -> Any:
        if value.__class__ is dict:
            return readers[tuple(value)](value, kind)
        raise MisfitError(WORDS[dict], value)

    return structure_model


@cache
def _readers(spelling: Spelling, kind: Any, converter: Converter) -> Readers:
    return Readers(spelling, kind, converter)


def _array_hook(spelling: Spelling, kind: Any, converter: Converter) -> Hook:
    """Return the hook for an array of models, without the two calls for each that the hooks of both would make."""
    holder, model = COLLECTIONS[get_origin(kind)][2], get_args(kind)[0]
    readers, read = _readers(spelling, model, converter), _strict_hook(spelling, model, converter)

    def structure_models(value: Json, _: Any) -> Any:
        if value.__class__ is not list:
            raise MisfitError(WORDS[list], value)
        return holder(
            [readers[tuple(o)](o, model) if o.__class__ is dict else read(o, model) for o in value]  # read() refuses
        )

    return structure_models


@cache
def _tolerant_hook(spelling: Spelling, kind: Any, converter: Converter) -> Hook:
    """Return the hook for a model that mends an object of which a member does not fit, as far as that can be mended."""
    readers = Readers(spelling, kind, converter)

    def structure_model(value: Json, _: Any) -> Any:
        if value.__class__ is not dict:
            raise MisfitError(WORDS[dict], value)
        try:
            return readers[tuple(value)](value, kind)
        except Exception:  # noqa: BLE001  of whatever kind: the mended object decides, and raises it again
            members, odd = _mended(spelling, kind, converter, value)
        model = readers[tuple(members)](members, kind)
        return attrs.evolve(model, extra={**model.extra, **odd}) if odd else model

    return structure_model


def _mended(
    spelling: Spelling, kind: Any, converter: Converter, value: dict[str, Json]
) -> tuple[dict[str, Json], dict[str, Json]]:
    """Return the members of an object as they can be read, and those that are left out because they cannot."""
    members, odd = dict(value), dict[str, Json]()
    for field in member_fields(get_origin(kind) or kind):
        if getattr(field.type, "__parameters__", ()):  # of a page: what its items are is told by whoever asks for it
            continue
        hook = converter.get_structure_hook(field.type)
        for name in spelling.names(field):
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


def _reader(spelling: Spelling, kind: Any, converter: Converter, names: tuple[str, ...]) -> Hook:
    """Build the function for objects with these members."""
    kind = _narrowed(kind, names) if spelling.whole else kind
    model = get_origin(kind) or kind
    wanted, twice, unknown = _spellings(spelling, model, names)
    if "extra" not in attrs.fields_dict(model):
        unknown = ()
    absent = absent_members(model)
    wanted += tuple(absent)
    read = _written(spelling, kind, converter, (*wanted, "extra") if unknown else wanted)
    if not unknown and not twice and not absent:
        return read

    def read_with_extra(value: dict[str, Json], _: Any) -> Any:
        members = value | absent
        if unknown:
            # An unknown member that is itself called extra is replaced here and kept in there.
            members["extra"] = _extra(spelling, {name: value[name] for name in unknown})
        for name, other in twice:
            if value[name] is None:
                members[name] = value[other]
        return read(members, kind)

    return read_with_extra


def _narrowed(kind: Any, names: Collection[str]) -> Any:
    """Return the subclass of the same module all of whose members an object has, else the class itself."""
    below: list[type] = kind.__subclasses__() if isinstance(kind, type) else []
    given = set(names)
    for each in below:
        # A class before it got its slots, and a draft, are subclasses without fields of their own.
        if each.__module__ == kind.__module__ and "__attrs_attrs__" in vars(each):
            known = {field.name for field in member_fields(kind)}
            own = [field for field in member_fields(each) if field.name not in known]
            if own and not any(given.isdisjoint(all_names(field)) for field in own):
                return each
    return kind


def _extra(spelling: Spelling, unknown: dict[str, Json]) -> dict[str, Json]:
    """Return members for ``extra``, together with those that were written into a dict of that name."""
    apart = unknown.get("extra")
    if spelling.whole and isinstance(apart, dict):
        del unknown["extra"]
        unknown |= apart
    return unknown


def _spellings(
    spelling: Spelling, model: Any, names: tuple[str, ...]
) -> tuple[tuple[str, ...], list[tuple[str, str]], Collection[str]]:
    """Return the names to read, pairs of which the second stands in for null, and the names of no field."""
    wanted: list[str] = []
    twice: list[tuple[str, str]] = []
    unknown = dict.fromkeys(names)
    for field in member_fields(model):
        spelled = spelling.names(field)
        given = [name for name in spelled if name in names]
        if given or field.default is attrs.NOTHING:
            wanted.append((given or spelled)[0])
        twice += [(given[0], other) for other in given[1:]]
        for name in given:
            del unknown[name]
    return tuple(wanted), twice, unknown


@lru_cache(WRITTEN)  # unknown members make many sets of names from few known ones
def _written(spelling: Spelling, kind: Any, converter: Converter, wanted: tuple[str, ...]) -> Hook:
    """Return the function that reads exactly these members, generated by us where that can be, else by cattrs."""
    model = get_origin(kind) or kind
    fields = member_fields(model)
    spelled = attrs.fields_dict(model) | {name: field for field in fields for name in spelling.names(field)}
    variables = [variable.__name__ for variable in getattr(model, "__parameters__", ())]
    arguments = dict(zip(variables, get_args(kind), strict=True))
    if not converter.detailed_validation:
        given = [(name, spelled[name], closed(spelled[name].type, arguments)) for name in wanted]
        if (read := generated_reader(model, given, converter.get_structure_hook)) is not None:
            return read
    members = _members(wanted, sorted(attrs.fields(model), key=lambda field: field.kw_only), spelled)
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


def _is_model(kind: Any) -> bool:
    model = get_origin(kind) or kind
    return isinstance(model, type) and issubclass(model, PlainData) and attrs.has(model)


def _is_array_of_models(kind: Any) -> bool:
    return is_collection(kind) and COLLECTIONS[get_origin(kind)][0] is list and _is_model(get_args(kind)[0])
