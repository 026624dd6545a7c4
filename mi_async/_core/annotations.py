"""Annotations of arguments and members: what a type is without its ``| None``.

Invariant: pure; looks at types, never at values.
"""

from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin


def bare(kind: Any) -> Any:
    """Return a type without its ``| None``."""
    if get_origin(kind) in {Union, UnionType}:
        return next(member for member in get_args(kind) if member is not NoneType)
    return kind


def is_optional(kind: Any) -> bool:
    """Return True for ``X | None``."""
    is_null = [member is NoneType for member in get_args(kind)]
    return get_origin(kind) in {Union, UnionType} and sorted(is_null) == [False, True]
