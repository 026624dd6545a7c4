"""Web pages that need nothing else: one style for light and dark, no script, and a policy that allows neither.

Invariant: pure; nothing is loaded from anywhere, and the policy says so to the browser.
"""

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence
from importlib.resources import files

from mi_async.language import Language
from mi_async.notebook import escaped_line

MARK = "<!-- written by mi-async -->"
"""The second line of a page, by which one that we wrote is known."""
OURS = re.compile(rb"<!doctype html>\n" + MARK.encode())


def web_page(title: str, body: str, language: Language) -> str:
    """Return a page.

    Args:
        title: text.
        body: markup.
        language: of the words.
    """
    style = files("mi_async.pictures").joinpath("page.css").read_text(encoding="utf-8")
    # With the hash of the one style the policy needs no 'unsafe-inline': an attribute style="" does nothing, either.
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return (
        f'<!doctype html>\n{MARK}\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n<meta name="color-scheme" content="light dark">\n'
        f"<title>{escaped_line(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n"
        "</body>\n</html>\n"
    )


def stacked_table(rows: Iterable[Sequence[str]], heads: Sequence[str], label: str) -> str:
    """Return a table whose first column heads the rows; on a narrow screen each cell shows its own heading."""
    head = "".join([f'<th scope="col">{name}</th>' for name in heads])
    body = "".join([f'<tr><th scope="row">{first}</th>{_cells(rest, heads[1:])}</tr>' for first, *rest in rows])
    return (
        f'<div class="wide" role="region" aria-label="{label}" tabindex="0"><table class="stacked">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _cells(cells: Sequence[str], heads: Sequence[str]) -> str:
    return "".join(
        [
            f'<td data-head="{head}">{cell}</td>' if cell else "<td></td>"
            for cell, head in zip(cells, heads, strict=True)
        ]
    )
