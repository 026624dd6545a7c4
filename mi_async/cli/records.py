"""Records of a result: a JSON object for each item, and the columns that were asked for.

Invariant: pure; the columns of a model are those that it declares, whichever of them the service has sent.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from mi_async._core import convert
from mi_async._core.model_fields import member_fields
from mi_async._core.wire_names import all_names, wire_names
from mi_async.cli.suggestion import suggestion
from mi_async.errors import InvalidArgumentError
from mi_async.models import Page
from mi_async.table import TERMINAL, VALUE, listed

_BETWEEN = re.compile(r"[\s_-]+")
"""Left out to compare columns: ``person id``, ``person_id`` and ``personId`` are one."""

Record = Mapping[str, Any]


def records_of(value: object) -> Sequence[object]:
    """Return the items of a listing, or of the one list that a result is about; else the result itself."""
    if isinstance(value, Page | list | tuple):
        return tuple(value)
    if value is None:
        return ()
    found = listed(value, TERMINAL)
    return (value,) if found is None else found[0]


def as_record(item: object) -> Record:
    """Return an item as a JSON object."""
    plain = convert.loads(convert.dumps_shown(item))
    return plain if isinstance(plain, dict) else {VALUE: plain}


def columns_of(items: Iterable[object], records: Iterable[Record]) -> list[str]:
    """Return the columns that records have, those that their models declare first."""
    declared = [wire_names(field)[0] for field in _fields(items)]
    return list(dict.fromkeys([*declared, *[name for record in records for name in record]]))


def chosen(known: Sequence[str], wanted: Sequence[str], items: Iterable[object]) -> list[str]:
    """Return the columns that were asked for, in that order; all of them for ().

    Args:
        known: columns of the items.
        wanted: in any spelling that a model has for it.
        items: whose columns they are.

    Raises:
        InvalidArgumentError: there is no such column.
    """
    if not wanted:
        return list(known)
    columns = {_plain(name): name for name in known}
    for field in _fields(items):
        spellings = [_plain(name) for name in all_names(field)]
        column = next((columns[each] for each in spellings if each in columns), None)
        columns = (dict.fromkeys(spellings, column) if column else {}) | columns
    for name in wanted:
        if _plain(name) not in columns:
            message = (
                f'--columns: there is no "{name}"{suggestion(_plain(name), columns)}; columns are {", ".join(known)}'
            )
            raise InvalidArgumentError(message)
    return [columns[_plain(name)] for name in wanted]


def _fields(items: Iterable[object]) -> list["attrs.Attribute[Any]"]:
    kinds = dict.fromkeys(type(item) for item in items if attrs.has(type(item)))
    return [field for kind in kinds for field in member_fields(kind)]


def _plain(name: str) -> str:
    return _BETWEEN.sub("", name).casefold()
