"""Pictures as values: markup that a notebook shows and that can be saved as a page.

Invariant: markup without style and script, so that it is the same in a notebook and under the policy of a page.
"""

import os
import re

from attrs import field, frozen

from mi_async._core.output_file import output_file
from mi_async.language import Language
from mi_async.notebook import escaped_line
from mi_async.pictures.drawing import drawings_as_images
from mi_async.pictures.web_page import OURS, web_page

FRAME = '<div class="mi-async tex2jax_ignore mathjax_ignore">{}</div>'
"""Around a picture in a notebook; the classes keep MathJax out."""

GREY = "rgba(128,128,128,.6)"
STYLES = {
    "sheet": "list-style:none;display:flex;flex-wrap:wrap;gap:8px;margin:0;padding:0",
    "tile": (
        f"display:block;box-sizing:border-box;width:136px;margin:0;padding:7px;border:1px solid {GREY};"
        "border-radius:6px;font-size:12px;line-height:1.4;overflow-wrap:anywhere"
    ),
    "face": "display:block;width:120px;height:120px;max-width:none;object-fit:contain;margin:0 0 5px",
    "none": (
        "display:block;box-sizing:border-box;width:120px;height:120px;padding:8px;margin:0 0 5px;opacity:.8;"
        f"border:1px dashed {GREY};border-radius:4px"
    ),
    "about": "display:block;opacity:.8",
    "tags": "display:block",
    "others": "display:flex;flex-wrap:wrap;gap:3px;margin-top:5px",
    "other": "width:38px;height:38px;max-width:none;object-fit:contain;margin:0",
    "lost": (
        "display:inline-block;box-sizing:border-box;width:38px;height:38px;line-height:36px;text-align:center;"
        f"border:1px dashed {GREY}"
    ),
    "soft": "opacity:.8",
    "cards": "list-style:none;display:flex;flex-wrap:wrap;gap:8px;margin:0;padding:0",
    "card": (
        f"display:flex;gap:10px;box-sizing:border-box;width:320px;margin:0;padding:7px;border:1px solid {GREY};"
        "border-radius:6px;font-size:12px;line-height:1.4;overflow-wrap:anywhere"
    ),
    "own": "flex:0 0 120px",
    "beside": "flex:1 1 0;min-width:0",
    "maybe": "list-style:none;margin:3px 0 0;padding:0",
    "hint": "display:flex;gap:6px;margin:0 0 6px",
    "said": "display:block;min-width:0",
    "number_id": "display:block;font-size:16px;user-select:all",
    "kept": "display:block",
    "twice": "font-weight:bold",
    "drawing": "display:block;width:100%;max-width:none;margin:4px 0",
    "unbroken": "white-space:nowrap",
}
"""Styles of classes in a notebook, which keeps them where it drops style sheets; a page has them in page.css."""
CELLS = {
    "td": "text-align:left;vertical-align:top",
    "th": "text-align:left;vertical-align:top;white-space:nowrap",
}
"""The same for the cells of tables, which a notebook aligns to the right."""
CLASS = re.compile(r'class="(\w+)"')
CELL = re.compile(r"<(t[dh])\b")


@frozen
class Picture:
    """A picture: the last value of a notebook's cell shows it.

    Attributes:
        title: of the page.
        markup: HTML and SVG of the picture.
        language: of the words in it.
    """

    title: str
    markup: str = field(repr=False)
    language: Language = "en"

    def _repr_html_(self) -> str:
        """Show it in a notebook, trusted or not."""
        markup = drawings_as_images(self.markup)
        cells = CELL.sub(lambda found: f'{found[0]} style="{CELLS[found[1]]}"', markup)
        return FRAME.format(CLASS.sub(_styled, cells))

    def save(self, path: str | os.PathLike[str], *, force: bool = False) -> None:
        """Write it as a page of its own, which is replaced as a whole, or stays as it was.

        Args:
            path: of the page.
            force: replace a file that we did not write; images, media files, databases and archives never are.

        Raises:
            InvalidArgumentError: the path is not one that can be written, such as one in a folder that does not exist;
                or a file is there that we did not write, without ``force``; or it is of a kind that is never replaced.
            OSError: writing failed, as on a disk that is full; the file is as it was.
        """
        target = output_file(path, ours=OURS, force=force)
        with target.writing() as file:
            file.write(web_page(self.title, self.markup, self.language).encode())


def heading(title: str, subtitle: str | None) -> str:
    """Return the markup above a picture."""
    below = f'<p class="soft">{escaped_line(subtitle)}</p>' if subtitle else ""
    return f"<h2>{escaped_line(title)}</h2>{below}"


def _styled(found: re.Match[str]) -> str:
    style = STYLES.get(found[1])
    return found[0] if style is None else f'{found[0]} style="{style}"'
