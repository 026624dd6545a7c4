"""All results that become plain values, and arbitrary objects of each.

Invariant: found and made from the declarations: a new result is among them.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

import attrs
from hypothesis import strategies as st

import mi_async
from mi_async.bulk.engine.outcome import AssetOutcome, BulkOutcome
from mi_async.models import OpenEnum, Page, Serializable
from mi_async.storage.models import StoredObject

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
integers = st.integers(-(2**63), 2**63 - 1)
floats = st.floats(allow_nan=False, allow_infinity=False)
plain: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | integers | floats | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)
NAMES = ["extra", "id", "name", "personId", "createdTime", "created_time", "indexId", "total_count", "not", "not_"]
"""Names that a member of ``extra`` may share with one of the model."""
extras = st.dictionaries(texts | st.sampled_from(NAMES), plain, max_size=3)
SCALARS: Mapping[Any, st.SearchStrategy[Any]] = {
    str: texts,
    int: integers,
    float: floats,
    bool: st.booleans(),
    datetime: st.datetimes(),
    bytes: st.just(b""),
    Any: plain,
    StoredObject: st.builds(StoredObject, st.just("bucket"), texts.map("key{}".format).filter(lambda k: k[-1] != "/")),
}


def results() -> list[type[Serializable]]:
    """Every class of results of the package."""
    for name in mi_async.__all__:
        getattr(mi_async, name)
    return sorted(_below(Serializable), key=lambda kind: kind.__qualname__)


def _below(kind: type[Serializable]) -> Iterator[type[Serializable]]:
    for each in kind.__subclasses__():
        if "__attrs_attrs__" in vars(each) and each.__module__.startswith("mi_async."):
            yield each
        yield from _below(each)


@cache
def made(kind: Any) -> st.SearchStrategy[Any]:
    """Return a strategy for objects of a type."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in {Union, UnionType}:
        return st.one_of([st.none() if each is NoneType else made(each) for each in arguments])
    if origin is tuple:
        return st.lists(made(arguments[0]), max_size=2).map(tuple)
    if origin is Mapping:
        return st.dictionaries(made(arguments[0]), made(arguments[1]), max_size=2)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return enumerated(kind)
    return built(kind) | built(AssetOutcome) if kind is BulkOutcome else built(kind)


def enumerated(kind: type[Enum]) -> st.SearchStrategy[Any]:
    """Return a strategy for members, of an open enum others too."""
    known = st.sampled_from(list(kind))
    return known | texts.map(kind) if issubclass(kind, OpenEnum) else known


@cache
def built(kind: Any) -> st.SearchStrategy[Any]:
    """Return a strategy for objects of an attrs class."""
    if kind in SCALARS or isinstance(kind, TypeVar):
        return SCALARS[kind] if kind in SCALARS else built(mi_async.Person)
    members = {
        field.alias: extras if field.name == "extra" else made(field.type)
        for field in attrs.fields(attrs.resolve_types(get_origin(kind) or kind))
        if "internal" not in field.metadata or field.default is attrs.NOTHING
    }
    return st.builds(get_origin(kind) or kind, **members)


def read_back(value: Serializable, members: Mapping[str, Any]) -> object:
    """Return what ``from_dict`` of the class makes of plain values."""
    if isinstance(value, Page):
        item = type(value[0]) if len(value) else mi_async.Person
        return Page.from_dict(members, of=item)
    return type(value).from_dict(members)
