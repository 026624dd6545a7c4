"""Pictures of results, for notebooks and as files that need nothing else: the page of a bulk run.

Invariant: each name is loaded when it is first asked for; a picture holds no presigned URL and runs no script.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mi_async.pictures.journal_page import journal_page as journal_page
    from mi_async.pictures.journal_page import save_journal_page as save_journal_page

_HOMES = {
    "journal_page": "journal_page",
    "save_journal_page": "journal_page",
}
"""The module that each public name lives in."""

__all__ = sorted(_HOMES)  # noqa: PLE0605  # pyright: ignore[reportUnsupportedDunderAll]  # the imports above name them


def __getattr__(name: str) -> object:
    """Load a public name."""
    if (home := _HOMES.get(name)) is None:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value  # the next look-up does not come here
    return value


def __dir__() -> list[str]:
    """Name what can be asked for."""
    return sorted({*globals(), *_HOMES})
