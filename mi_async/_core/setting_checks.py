"""Checks of settings, those of a session and those of some of its calls.

Invariant: a setting that cannot work is a ConfigError that names it.
"""

from collections.abc import Callable
from typing import Any

from mi_async.errors import ConfigError

Check = Callable[[Any, Any, Any], None]


def instance(kind: type, hint: str) -> Check:
    """Return a validator: a value of this type, or None where that is the default."""

    def check(_settings: object, attribute: Any, value: Any) -> None:
        if not isinstance(value, kind) and not (value is None and attribute.default is None):
            message = f"{attribute.alias} must be {hint}, not {type(value).__name__}"
            raise ConfigError(message)

    return check


def seconds(_settings: object, attribute: Any, value: Any) -> None:
    """Refuse what is no number of seconds, and not None."""
    if value is not None and not (isinstance(value, int | float) and value >= 0):
        message = f"{attribute.name} is a number of seconds from 0, or None, not {value!r}"
        raise ConfigError(message)
