"""Types of the arguments of workflows: one table by annotation, and the methods that refuse what is in none of it.

Invariant: a wrong type is refused before the workflow begins, so before anything is read or sent. A method is read
once, when its class is made; what an annotation without a row allows is checked where it is used.
"""

import inspect
import os
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from types import FunctionType
from typing import Any, TypeAlias

from mi_async.errors import ConfigError, InvalidArgumentError

Allowed: TypeAlias = Callable[[Any], bool]
Row: TypeAlias = tuple[Allowed, str, bool]
"""Check of a type, the type in words, and True if None is allowed too."""
OPTIONAL = " | None"


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_id(value: Any) -> bool:
    return _is_integer(value) and value >= 0


def _is_number(value: Any) -> bool:
    return hasattr(value, "__float__") and not isinstance(value, bool)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_path(value: Any) -> bool:
    return isinstance(value, str | os.PathLike)


def _is_table(value: Any) -> bool:
    return _is_path(value) or hasattr(value, "__iter__")


def _is_plan(value: Any) -> bool:
    return hasattr(value, "code")


_FUNCTION = (callable, "a function")
ID = (_is_id, "an ID, a whole number from 0")
TYPES: Mapping[str, tuple[Allowed, str]] = {
    "str": (_is_text, "text"),
    "int": (_is_integer, "a whole number"),
    "float": (_is_number, "a number"),
    "bool": (_is_flag, "True or False"),
    "str | os.PathLike[str]": (_is_path, "a path"),
    "str | os.PathLike[str] | Iterable[mi_async.CurationRow | mi_async.BadInput]": (_is_table, "a path, or rows"),
    "mi_async.SyncPlan": (_is_plan, "a plan of plan_sync"),
    "mi_async.CurationPlan": (_is_plan, "a plan of plan_curation"),
    "BulkOperation": (_is_text, "text"),
    "Callable[[mi_async.KnownPerson], None]": _FUNCTION,
    "Callable[[mi_async.WatchPass], None]": _FUNCTION,
    **dict.fromkeys(
        ("Progress", "IngestProgress", "UsageWatch", "CountProgress", "BackupWatch", "RebuildProgress", "Watch"),
        _FUNCTION,
    ),
}
"""From an annotation without its ``| None`` to what it allows, and that in words."""
NAMES: Mapping[str, tuple[Allowed, str]] = {
    "journal": (_is_path, "the path of a file, or a URL of PostgreSQL"),
    **dict.fromkeys(("person_id", "project_id", "asset_id"), ID),
}
"""Arguments whose name says more than their annotation."""

UNREAD = frozenset({"return", "url", "confirm", "concurrency", "grace", "patience", "claim_life"})
"""Annotations not looked at: a URL must be in no frame of a traceback, what confirms a plan has a rule of its own, and
the bounds of the others say their type."""


def checked(method: FunctionType) -> Callable[..., Any]:
    """Return a method that refuses arguments of a wrong type; itself if the table has none of its annotations."""
    rows = dict(_rows(method.__annotations__))
    if not rows:
        return method
    names = method.__code__.co_varnames[1 : method.__code__.co_argcount]

    def check(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        for name, value in (*zip(names, args, strict=False), *kwargs.items()):
            if (row := rows.get(name)) is not None:
                _refuse(name, value, *row)

    if inspect.iscoroutinefunction(method):

        @wraps(method)
        async def awaited(self: Any, /, *args: Any, **kwargs: Any) -> Any:
            check(args, kwargs)
            return await method(self, *args, **kwargs)

        return awaited

    @wraps(method)
    def called(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        check(args, kwargs)
        return method(self, *args, **kwargs)

    return called


def check_workspace_name(name: Any) -> None:
    """Refuse what cannot name a workspace.

    Raises:
        InvalidArgumentError: it is no text, or says nothing.
    """
    if not _is_text(name) or not name.strip():
        message = f"a workspace needs a name, a text that is not blank, got {name!r:.50}"
        raise InvalidArgumentError(message)


def _rows(annotations: Mapping[str, str]) -> Iterator[tuple[str, Row]]:
    for name, annotation in annotations.items():
        text = annotation.removesuffix(OPTIONAL)
        row = NAMES.get(name) or TYPES.get(text)
        if row is not None and name not in UNREAD:
            yield name, (*row, text != annotation)


def _refuse(name: str, value: Any, allowed: Allowed, words: str, optional: bool) -> None:
    if allowed(value) or (optional and value is None):
        return
    got = repr(value) if allowed is _is_id and _is_integer(value) else type(value).__name__
    message = f"{name} must be {words}{' or None' if optional else ''}, got {got}"
    raise ConfigError(message) if name == "journal" else InvalidArgumentError(message)  # as bulk runs say it
