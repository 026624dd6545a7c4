"""Open enums: enums of texts that the service may extend.

Invariant: pure; a value that an enum does not name is a member like any other, and never joins the enum.
"""

from enum import StrEnum
from typing import Any, Self


class OpenEnum(StrEnum):
    """An enum that the service may extend: a value it does not name survives as a member of its own.

    ``UploadStatus("NEW_WORD") == "NEW_WORD"``; such a member pickles, hashes as its string and says so in
    ``is_known``.
    """

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        member = str.__new__(cls, value)
        member._name_ = member._value_ = value
        return member

    # Enum hashes by name; a str must hash as itself to be found in a dict of strings.
    __hash__ = str.__hash__

    @property
    def is_known(self) -> bool:
        """True if this version of the package documents the value."""
        return type(self).__members__.get(self._name_) is self

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        """Tell pydantic that any text is a value; called by pydantic only."""
        from mi_async._core.pydantic_schema import enum_schema  # noqa: PLC0415  pydantic is imported by who asks for it

        return enum_schema(cls)
