"""Pictures of results, for notebooks and as files that need nothing else: of bulk runs, persons, search
hits and usage.

Invariant: each name is loaded when it is first asked for; a picture holds no presigned URL and runs no script.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from mi_async._core.extras import require

if TYPE_CHECKING:
    from mi_async.pictures.faces_page import unnamed_sheet as unnamed_sheet
    from mi_async.pictures.groups_page import duplicate_sheet as duplicate_sheet
    from mi_async.pictures.person_sheet import contact_sheet as contact_sheet
    from mi_async.pictures.picture import Picture as Picture
    from mi_async.pictures.run_page import journal_page as journal_page
    from mi_async.pictures.run_page import save_journal_page as save_journal_page
    from mi_async.pictures.scene_scores import score_histogram as score_histogram
    from mi_async.pictures.scene_timeline import timeline as timeline
    from mi_async.pictures.usage_page import usage_chart as usage_chart

_HOMES = {
    "Picture": "picture",
    "contact_sheet": "person_sheet",
    "duplicate_sheet": "groups_page",
    "journal_page": "run_page",
    "save_journal_page": "run_page",
    "score_histogram": "scene_scores",
    "timeline": "scene_timeline",
    "unnamed_sheet": "faces_page",
    "usage_chart": "usage_page",
}
"""The module that each public name lives in; none has the name of a module, whose import would take its place."""

__all__ = sorted(_HOMES)  # noqa: PLE0605  # pyright: ignore[reportUnsupportedDunderAll]  # the imports above name them


def __getattr__(name: str) -> object:
    """Load a public name."""
    if (home := _HOMES.get(name)) is None:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    try:
        module = import_module(f"{__name__}.{home}")
    except ModuleNotFoundError:
        require("bulk")
        raise
    value = getattr(module, name)
    globals()[name] = value  # the next look-up does not come here
    return value


def __dir__() -> list[str]:
    """Name what can be asked for."""
    return sorted({*globals(), *_HOMES})
