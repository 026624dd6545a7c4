"""Paths of the page for the browser and of its parts, which are not imported for them."""

from collections.abc import Mapping

from mi_async.emulator.control import ROOT

PAGE = f"{ROOT}/page"
ROUTES: Mapping[str, tuple[str, str]] = {
    "document": ("GET", "/"),
    "file": ("GET", f"{PAGE}/{{file}}"),
    "events": ("GET", f"{PAGE}/live/events"),
    "image": ("GET", f"{PAGE}/images/{{workspace}}/{{person}}/{{thumbnail}}"),
    "command": ("POST", f"{PAGE}/{{command}}"),
}
"""Method and path of each handler."""


def is_page(path: str) -> bool:
    """Return True for the page and its parts."""
    return path == "/" or path.startswith(PAGE)
