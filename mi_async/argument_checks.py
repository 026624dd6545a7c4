"""Types of the arguments of workflows: one table by annotation, and the methods that refuse what is in none of it.

Invariant: a wrong type is refused before the workflow begins, so before anything is read or sent. A method is read
once, when its class is made; what an annotation without a row allows is checked where it is used.
"""

import inspect
import os
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from functools import wraps
from numbers import Real
from types import FunctionType
from typing import Any, NamedTuple, TypeAlias, TypeVar, cast, get_args

import mi_async
from mi_async._core.urltext import BEYOND, MAX_INTEGER
from mi_async.argument_types import BulkOperation, IfExists, IfPersonExists, IfPersonKnown, IfThumbnailExists
from mi_async.errors import ConfigError, InvalidArgumentError

Allowed: TypeAlias = Callable[[Any], bool]
Method = TypeVar("Method", bound=Callable[..., Any])
OPTIONAL = " | None"


class ArgumentRule(NamedTuple):
    """Rule of an argument.

    Attributes:
        allows: returns True for a value that may be given.
        words: what may be given, in words.
        optional: None may be given, too.
        advice: what else a refusal says.
    """

    allows: Allowed
    words: str
    optional: bool = False
    advice: str = ""


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_id(value: Any) -> bool:
    return _is_integer(value) and 0 <= value <= MAX_INTEGER


def _is_id_or_name(value: Any) -> bool:
    return _is_id(value) or (isinstance(value, str) and bool(value.strip()))


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)  # not Decimal, which goes with no float


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_path(value: Any) -> bool:
    return isinstance(value, os.PathLike) or (isinstance(value, str) and value != "")  # "" would be the current folder


def _is_journal(value: Any) -> bool:
    from mi_async.bulk.journal.place import JournalUrl  # noqa: PLC0415  not before a journal is given

    return _is_path(value) or isinstance(value, JournalUrl)  # the command line has read it already


def _is_list(value: Any) -> bool:
    return hasattr(value, "__iter__") and not isinstance(value, str | bytes)


def _is_time(value: Any) -> bool:
    return isinstance(value, datetime)


def _is_source_list(value: Any) -> bool:
    one = isinstance(value, str | bytes | bytearray | os.PathLike) or hasattr(value, "read")  # a file: lines
    return hasattr(value, "__iter__") and not one


def _list_of(allows: Allowed, words: str) -> ArgumentRule:
    def allow(value: Any) -> bool:  # members of an iterator would be gone once they were looked at
        members: Any = value if isinstance(value, Collection) else ()
        return _is_list(value) and all(map(allows, members))

    return ArgumentRule(allow, f"a list of {words}")


def _are_names(value: Any) -> bool:
    return _is_text(value) or _is_list(value)


def _is_table(value: Any) -> bool:
    return _is_path(value) or _is_list(value)


def _is_input(value: Any) -> bool:
    if isinstance(value, str | bytes | os.PathLike | Mapping):
        return False
    return hasattr(value, "__iter__") or hasattr(value, "__aiter__") or callable(value)


def _is_plain_function(value: Any) -> bool:
    return callable(value) and not inspect.iscoroutinefunction(value)


def _instance_of(name: str) -> Allowed:
    def allow(value: Any) -> bool:  # which loads the class: not before it is needed
        return isinstance(value, getattr(mi_async, name))

    return allow


def _one_of(words: Any) -> ArgumentRule:
    given = get_args(words)
    return ArgumentRule(given.__contains__, f"one of {', '.join(given)}")


def _items(kind: str, advice: str) -> ArgumentRule:
    return ArgumentRule(_is_input, f"an iterable of {kind}", advice=f"; mi_async.bulk.{advice}")


_FUNCTION = ArgumentRule(_is_plain_function, "a plain function", advice="; it is called and not awaited")
_IDS = _list_of(_is_id, "IDs")
ID = ArgumentRule(_is_id, "an ID, a whole number from 0")
TYPES: Mapping[str, ArgumentRule] = {
    "str": ArgumentRule(_is_text, "text"),
    "int": ArgumentRule(_is_integer, "a whole number"),
    "float": ArgumentRule(_is_number, "a number"),
    "bool": ArgumentRule(_is_flag, "True or False"),
    "int | str": ArgumentRule(_is_id_or_name, "an ID or a name"),
    "str | os.PathLike[str]": ArgumentRule(_is_path, "a path"),
    "str | os.PathLike[str] | Iterable[mi_async.CurationRow | mi_async.BadInput]": ArgumentRule(
        _is_table, "a path, or rows"
    ),
    "Collection[int]": _IDS,
    "Iterable[int]": _IDS,
    "Sequence[int]": _IDS,
    "Iterable[str]": _list_of(_is_text, "texts"),
    "Iterable[mi_async.AssetType]": _list_of(_is_text, "IMAGE or VIDEO"),
    "Iterable[mi_async.Source]": ArgumentRule(_is_source_list, "a list of images, such as [image]"),
    "mi_async.ConfidenceLevel": ArgumentRule(_is_text, "one of LOW, MEDIUM, HIGH"),
    "datetime": ArgumentRule(_is_time, "a time, a datetime"),
    "Items[mi_async.PersonInput | mi_async.BadInput]": _items(
        "PersonInput", "read_people(path) reads a file or a directory"
    ),
    "Items[mi_async.ThumbnailUpload | mi_async.BadInput]": _items(
        "ThumbnailUpload", "read_thumbnails(path) reads a file or a directory"
    ),
    "Items[mi_async.PersonInput | mi_async.ThumbnailUpload | mi_async.BadInput]": _items(
        "PersonInput or ThumbnailUpload", "read_people(path) and read_thumbnails(path) read a file or a directory"
    ),
    "Items[mi_async.AssetInput | mi_async.BadInput]": _items("AssetInput", "read_assets(folder) reads a directory"),
    "mi_async.SyncPlan": ArgumentRule(_instance_of("SyncPlan"), "a plan of plan_sync"),
    "mi_async.CurationPlan": ArgumentRule(_instance_of("CurationPlan"), "a plan of plan_curation"),
    **{
        f"mi_async.{name}": ArgumentRule(_instance_of(name), f"a {name}")
        for name in ("SearchQuery", "QueryOption", "SearchFilter")
    },
    "IfExists": _one_of(IfExists),
    "IfPersonExists": _one_of(IfPersonExists),
    "IfPersonKnown": _one_of(IfPersonKnown),
    "IfThumbnailExists": _one_of(IfThumbnailExists),
    "BulkOperation": _one_of(BulkOperation),
    **dict.fromkeys(
        (
            "Progress",
            "IngestProgress",
            "UsageWatch",
            "CountProgress",
            "BackupWatch",
            "RebuildProgress",
            "Watch",
            "Callable[[mi_async.KnownPerson], None]",
            "Callable[[mi_async.WatchPass], None]",
        ),
        _FUNCTION,
    ),
}
"""From an annotation without its ``| None`` to what it allows, and that in words."""
NAMES: Mapping[str, ArgumentRule] = {
    "journal": ArgumentRule(_is_journal, "the path of a file, or a URL of PostgreSQL"),
    "workspaces": ArgumentRule(_are_names, "a list of names"),
    **dict.fromkeys(("person_id", "project_id", "asset_id"), ID),
}
"""Arguments whose name says more than their annotation."""

UNREAD = frozenset({"return", "url", "confirm"})
"""Annotations not looked at: a URL must be in no frame of a traceback; what confirms a plan has a rule of its own."""


def checked(method: Method) -> Method:
    """Return a method that refuses arguments of a wrong type; itself if the table has none of its annotations."""
    rows = dict(_rows(method.__annotations__))
    if not rows:
        return method
    code = cast("FunctionType", method).__code__
    names = code.co_varnames[1 : code.co_argcount]

    def check(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        for name, value in (*zip(names, args, strict=False), *kwargs.items()):
            if (row := rows.get(name)) is not None:
                _refuse(name, value, row)

    if inspect.iscoroutinefunction(method):

        @wraps(method)
        async def awaited(self: Any, /, *args: Any, **kwargs: Any) -> Any:
            check(args, kwargs)
            return await method(self, *args, **kwargs)

        return cast("Method", awaited)

    @wraps(method)
    def called(self: Any, /, *args: Any, **kwargs: Any) -> Any:
        check(args, kwargs)
        return method(self, *args, **kwargs)

    return cast("Method", called)


def check_workspace_name(name: Any) -> None:
    """Refuse what cannot name a workspace.

    Raises:
        InvalidArgumentError: it is no text, or says nothing.
    """
    if not _is_text(name) or not name.strip():
        message = f"a workspace needs a name, a text that is not blank, got {name!r:.50}"
        raise InvalidArgumentError(message)


def check_id(name: str, value: Any) -> None:
    """Refuse what can be the ID of nothing.

    Raises:
        InvalidArgumentError: it is none.
    """
    _refuse(name, value, ID)


def _rows(annotations: Mapping[str, str]) -> Iterator[tuple[str, ArgumentRule]]:
    for name, annotation in annotations.items():
        text = annotation.removesuffix(OPTIONAL)
        rule = NAMES.get(name) or TYPES.get(text)
        if rule is not None and name not in UNREAD:
            yield name, rule._replace(optional=text != annotation)


def _refuse(name: str, value: Any, rule: ArgumentRule) -> None:
    if (rule.optional and value is None) or rule.allows(value):
        return
    words = f"{rule.words}{' or None' if rule.optional else ''}"
    message = f"{name} must be {words}, got {_got(value, rule.allows)}{rule.advice}"
    raise ConfigError(message) if name == "journal" else InvalidArgumentError(message)  # as bulk runs say it


def _got(value: Any, allows: Allowed) -> str:
    """Return what was given: a value that has the type and is out of bounds, and else the type."""
    if inspect.iscoroutinefunction(value):
        return "an async function"
    members: Any = value if isinstance(value, Collection) else (value,)
    if any(_is_integer(each) and each > MAX_INTEGER for each in members):  # repr() has a limit of its own
        return f"an integer {BEYOND}"
    shown = isinstance(value, str | list | tuple) or (_is_integer(value) and allows in {_is_id, _is_id_or_name})
    return f"{value!r:.50}" if shown else type(value).__name__
