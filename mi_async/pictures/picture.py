"""Pictures as values: markup that a notebook shows and that can be saved as a page.

Invariant: markup without style and script, so that it is the same in a notebook and under the policy of a page.
"""

import os

from attrs import field, frozen

from mi_async._core.output_file import output_file
from mi_async.language import Language
from mi_async.pictures.web_page import OURS, web_page

FRAME = '<div class="mi-async tex2jax_ignore mathjax_ignore">{}</div>'
"""Around a picture in a notebook; the classes keep MathJax out."""


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
        """Show it in a notebook."""
        return FRAME.format(self.markup)

    def save(self, path: str | os.PathLike[str], *, force: bool = False) -> None:
        """Write it as a page of its own, which is replaced as a whole, or stays as it was.

        Args:
            path: of the page.
            force: replace a file that we did not write; images, media files, databases and archives never are.

        Raises:
            InvalidArgumentError: the file exists and must not be replaced.
            OSError: the file cannot be written.
        """
        target = output_file(path, ours=OURS, force=force)
        with target.writing() as file:
            file.write(web_page(self.title, self.markup, self.language).encode())
