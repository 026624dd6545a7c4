"""Drawings of a picture as SVG, and the same as images for a notebook.

Invariant: pure. A notebook that is not trusted drops inline SVG and keeps images, so there a drawing is an image.
"""

import base64
import re

INLINE = '<svg role="img" width="100%" height="{height}"><title>{title}</title><desc>{told}</desc>{content}</svg>'
DRAWING = re.compile(INLINE.format(height=r"(\d+)", title="(.*?)", told="(.*?)", content="(.*?)"), re.DOTALL)
STYLE = (
    ":root{color:#1c2126;background:#fff;font-family:system-ui,sans-serif}"
    "@media(prefers-color-scheme:dark){:root{color:#e6e9ec;background:#14171a}}"
)
"""An image takes no colour from the notebook: it has its own ground, so that it can be read on any."""
IMAGE = '<img class="drawing" src="data:image/svg+xml;base64,{data}" alt="{alt}" width="100%" height="{height}">'


def drawing(content: str, *, height: int, title: str, told: str) -> str:
    """Return a drawing that is as wide as its page.

    Args:
        content: SVG; ``currentColor`` is that of the text around it, places are percentages.
        height: in pixels.
        title: markup, for those who cannot see it.
        told: markup, the same in a sentence.
    """
    return INLINE.format(height=height, title=title, told=told, content=content)


def drawings_as_images(markup: str) -> str:
    """Return the markup with each drawing as an image, whose alternative text is its title and description."""
    return DRAWING.sub(_image, markup)


def _image(found: re.Match[str]) -> str:
    height, title, told, content = found.groups()
    source = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="100%" height="{height}"><style>{STYLE}</style>{content}</svg>'
    )
    data = base64.b64encode(source.encode()).decode()
    return IMAGE.format(data=data, alt=f"{title}: {told}", height=height)
