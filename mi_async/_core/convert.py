"""The one cattrs converter: JSON bytes to models and back.

Invariant: pure. Wire names are camelCase unless a field says ``spelled(...)``; types are strict; members that a model
does not name are kept in ``extra``; hooks are built on first use, so importing a model costs nothing.

Objects of one kind arrive with the same few sets of members again and again. So each set of names is looked at once:
cattrs then writes a function that reads just these members and asks for no others.
"""

import json
import re
from collections.abc import Callable, Mapping
from enum import Enum
from functools import cache, lru_cache
from typing import Any, NoReturn, TypeVar, get_args, get_origin

import attrs
import orjson
from cattrs import Converter, transform_error
from cattrs.gen import make_dict_structure_fn_from_attrs, make_dict_unstructure_fn, override

from mi_async._core.strict import WORDS, Hook, Json, MisfitError, as_id, is_optional_scalar, register_strict
from mi_async.errors import InvalidArgumentError, ResponseError
from mi_async.models import Model
from mi_async.text import encodable

__all__ = ["Json", "camel", "dumps", "dumps_shown", "loads", "structure", "structurer"]

T = TypeVar("T")
ID = re.compile(r"(^|_)ids?$")
"""Names of members that hold IDs: ``id``, ``asset_id``, ``scene_ids``."""
SHAPES = 128
"""Sets of member names that are remembered for a model; a service that sends more costs time, not memory."""
UNCOUNTED = 2**20
"""Bytes of JSON that are read without a look at what is in them."""
MOST_CONTAINERS = 1_000_000
"""Arrays and objects of one answer, brackets in texts included: 16 MiB of ``[],`` are 5 million, 400 MB and 3 seconds;
a page of 1,000 persons with 100 thumbnails each has 0.1 million."""
WRITTEN = 1024
"""Functions written by cattrs that are remembered, of all models together."""


def camel(name: str) -> str:
    """``page_num`` to ``pageNum``."""
    head, *tail = name.split("_")
    return head + "".join(map(str.capitalize, tail))


def dumps(value: object) -> bytes:
    """Values and models to JSON bytes; models write camelCase and leave out what is None.

    Raises:
        InvalidArgumentError: the value has no JSON form (a lone surrogate, an integer beyond 64 bits).
    """
    try:
        return orjson.dumps(value, default=_unstructured)
    except TypeError as error:
        message = f"cannot be sent as JSON: {error}"
        raise InvalidArgumentError(message) from None


def dumps_shown(value: object, *, indent: bool = False) -> bytes:
    """Convert values and models to JSON bytes that people and files get; always possible.

    As :func:`dumps`, but text without a UTF-8 form is escaped and an integer may have any size: what has been done is
    told, whatever it is called.
    """
    try:
        plain = dumps(value)
        return orjson.dumps(orjson.loads(plain), option=orjson.OPT_INDENT_2) if indent else plain
    except InvalidArgumentError:
        separators = None if indent else (",", ":")
        shown = json.dumps(_showable(value), indent=2 if indent else None, separators=separators, ensure_ascii=False)
        return shown.encode()


def _showable(value: object) -> object:
    plain: Any = value.value if isinstance(value, Enum) else value
    plain = _unstructured(plain) if isinstance(plain, Model) else plain
    if isinstance(plain, Mapping):
        return {encodable(str(name)): _showable(member) for name, member in plain.items()}
    if isinstance(plain, list | tuple):
        return [_showable(member) for member in plain]
    return plain if isinstance(plain, int | float | None) else encodable(str(plain))


def loads(body: bytes) -> Json:
    """JSON bytes to plain values.

    Raises:
        ResponseError: not JSON, or so many arrays and objects that reading it would hold up the event loop.
    """
    if len(body) > UNCOUNTED and body.count(b"[") + body.count(b"{") > MOST_CONTAINERS:
        message = f"JSON with more than {MOST_CONTAINERS:,} arrays and objects"
        raise ResponseError(message)
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        message = f"not JSON: {error.msg} at {error.pos} of {len(body)} bytes"
        raise ResponseError(message) from None


@cache
def structurer(kind: Any, *, tolerant: bool = False) -> Callable[[Json], Any]:
    """Build a function from plain values to ``kind``; it raises ResponseError with a JSON path.

    Args:
        kind: what is wanted.
        tolerant: for what the service answers. One member must not make a page unreadable: null stands for the default
            of a member that has one; an ID may be a number or a text; a text, number or time that may be None is None
            where it cannot be read, with what came in ``extra``. Costs nothing as long as everything fits.
    """
    hook = _converter(detailed=False).get_structure_hook(kind)

    def structure_kind(value: Json) -> Any:
        try:
            return hook(value, kind)
        except (LookupError, TypeError, ValueError):  # any other is a model that cannot be read at all
            if tolerant:
                return forgiving(value)
            _explain(value, kind)

    def forgiving(value: Json) -> Any:
        try:
            return _converter(detailed=False, tolerant=True).structure(value, kind)
        except (LookupError, TypeError, ValueError):
            _explain(value, kind, tolerant=True)

    return structure_kind


def structure(value: Json, kind: type[T]) -> T:
    """Plain values to ``kind``.

    Raises:
        ResponseError: with the JSON path of the first member that does not fit.
    """
    wanted: Any = kind  # mypy does not see that a type can be hashed
    structured: T = structurer(wanted)(value)
    return structured


def _explain(value: Json, kind: Any, *, tolerant: bool = False) -> NoReturn:
    """Structure once more, slowly, to say where it went wrong."""
    try:
        _converter(detailed=True, tolerant=tolerant).structure(value, kind)
    except Exception as error:  # noqa: BLE001  whatever a hook raised is the explanation
        first = transform_error(error, format_exception=_reason)[0]
        text, _, path = first.rpartition(" @ ")
        raise ResponseError(text, path=path) from None
    message = f"does not fit {kind!r}"
    raise ResponseError(message)


def _reason(error: BaseException, kind: type | None) -> str:
    if isinstance(error, MisfitError):
        return str(error)
    if isinstance(error, KeyError):
        return f"member {error.args[0]!r} is missing"
    return f"does not fit {getattr(kind, '__name__', kind)}"


def _wire_names(field: "attrs.Attribute[Any]") -> tuple[str, ...]:
    names: tuple[str, ...] = field.metadata.get("spelled", ()) or (camel(field.name),)
    return names


class _Readers(dict[tuple[str, ...], Hook]):
    """For each set of member names, the function that reads objects with them; built when first seen."""

    def __init__(self, kind: Any, converter: Converter) -> None:
        self._kind, self._converter = kind, converter

    def __missing__(self, names: tuple[str, ...]) -> Hook:
        if len(self) >= SHAPES:
            self.clear()
        self[names] = reader = _reader(self._kind, self._converter, names)
        return reader


@cache  # cattrs asks once for every field of the type
def _structure_model(kind: Any, converter: Converter) -> Hook:
    """Hook for an attrs class: finds the function for the members that an object has."""
    readers = _Readers(kind, converter)

    def structure_model(value: Json, _: Any) -> Any:
        if value.__class__ is dict:
            return readers[tuple(value)](value, kind)
        raise MisfitError(WORDS[dict], value)

    return structure_model


@cache
def _structure_tolerantly(kind: Any, converter: Converter) -> Hook:
    """Hook for an attrs class that mends an object of which a member does not fit, as far as that can be mended."""
    readers = _Readers(kind, converter)

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
    """Members of an object as they can be read, and those that are left out because they cannot."""
    members, odd = dict(value), {}
    for field in _fields(get_origin(kind) or kind):
        if getattr(field.type, "__parameters__", ()):  # of a page: what its items are is told by whoever asks for it
            continue
        hook = converter.get_structure_hook(field.type)
        for name in _wire_names(field):
            if name not in members:
                continue
            given = members[name] = as_id(value[name], field.type) if ID.search(field.name) else value[name]
            if field.default is attrs.NOTHING or _fits(given, field.type, hook):
                continue
            if given is None or (field.default is None and is_optional_scalar(field.type)):
                del members[name]
                if given is not None:
                    odd[name] = given
    return members, odd


def _fits(value: Json, kind: Any, hook: Hook) -> bool:
    try:
        hook(value, kind)
    except Exception:  # noqa: BLE001  a group of them where explanations are wanted
        return False
    return True


def _reader(kind: Any, converter: Converter, names: tuple[str, ...]) -> Hook:
    """Build the function for objects with these members: which spelling to read, what goes into ``extra``."""
    wanted: list[str] = []
    twice: list[tuple[str, str]] = []
    unknown = dict.fromkeys(names)
    for field in _fields(get_origin(kind) or kind):
        spelled = _wire_names(field)
        given = [name for name in spelled if name in names]
        if given or field.default is attrs.NOTHING:
            wanted.append((given or spelled)[0])
        twice += [(given[0], other) for other in given[1:]]
        for name in given:
            del unknown[name]
    read = _written(kind, converter, (*wanted, "extra") if unknown else tuple(wanted))
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


@lru_cache(WRITTEN)  # unknown members make many sets of names from few known ones
def _written(kind: Any, converter: Converter, wanted: tuple[str, ...]) -> Hook:
    """Have cattrs write the function that reads exactly these members; it knows fields by their wire name."""
    model = get_origin(kind) or kind
    fields = _fields(model)
    spelled = {name: field for field in fields for name in _wire_names(field)}
    spelled["extra"] = attrs.fields_dict(model)["extra"]
    # Up to the first field that is left out, arguments go by position: faster than by name.
    in_place = {name for name, field in zip(wanted, fields, strict=False) if spelled[name] is field}
    members = [
        field.evolve(name=name, alias=field.alias, default=attrs.NOTHING, kw_only=field.kw_only or name not in in_place)
        for name, field in ((name, spelled[name]) for name in wanted)
    ]
    variables = [variable.__name__ for variable in getattr(model, "__parameters__", ())]
    arguments = dict(zip(variables, get_args(kind), strict=True))
    return make_dict_structure_fn_from_attrs(members, model, converter, arguments, _cattrs_use_linecache=False)


def _fields(model: Any) -> list["attrs.Attribute[Any]"]:
    """Fields that have a member on the wire, those that go by position first."""
    fields = attrs.fields(attrs.resolve_types(model))
    return sorted((f for f in fields if f.name != "extra"), key=lambda f: f.kw_only)


def _unstructured(value: object) -> Json:
    """A model to plain values; orjson asks for whatever it cannot write itself."""
    if isinstance(value, Model):
        return _converter(detailed=False).unstructure(value)
    raise TypeError


def _unstructure_model(kind: Any, converter: Converter) -> Callable[[Any], dict[str, Json]]:
    """Hook for an attrs class: None is not sent, and ``extra`` goes back to where it came from."""
    renamed = {field.name: override(rename=_wire_names(field)[0]) for field in _fields(get_origin(kind) or kind)}
    plain = make_dict_unstructure_fn(kind, converter, **renamed)  # type: ignore[arg-type]

    def unstructure_model(value: Any) -> dict[str, Json]:
        members = plain(value)
        extra: Mapping[str, Json] = members.pop("extra")
        return {**extra, **{name: member for name, member in members.items() if member is not None}}

    return unstructure_model


@cache
def _converter(*, detailed: bool, tolerant: bool = False) -> Converter:
    converter = Converter(detailed_validation=detailed)
    register_strict(converter)
    converter.register_structure_hook_factory(_is_model, _structure_tolerantly if tolerant else _structure_model)
    converter.register_unstructure_hook_factory(_is_model, _unstructure_model)
    return converter


def _is_model(kind: Any) -> bool:
    model = get_origin(kind) or kind
    return isinstance(model, type) and issubclass(model, Model)
