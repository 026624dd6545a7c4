"""Inline code on the site: pipes in tables, and lines that do not end within what is short."""

import re

LONGEST = 24
"""Characters of inline code that stays on one line: it fits on the screen of a phone."""
BLOCK = re.compile(r"(<pre\b.*?</pre>)", re.DOTALL)
CELL = re.compile(r"<t[dh]\b.*?</t[dh]>", re.DOTALL)
CODE = re.compile(r"<code>(?P<text>[^<\n]+)</code>(?P<particle>[가-힣]+[.,)]?)?")


def mended(html: str) -> str:
    """Return the content of a page with its inline code as one reads it."""
    parts = BLOCK.split(html)
    parts[::2] = [CODE.sub(whole, CELL.sub(without_escapes, part)) for part in parts[::2]]
    return "".join(parts)


def without_escapes(cell: re.Match[str]) -> str:
    """Return a cell of a table without the backslashes that keep the pipes of its code from ending it."""
    return CODE.sub(lambda code: code[0].replace("\\|", "|"), cell[0])


def whole(code: re.Match[str]) -> str:
    """Return inline code that does not break if it is short, together with the Korean particle behind it."""
    if len(code["text"]) > LONGEST:
        return code[0]
    return f'<span class="whole">{code[0]}</span>'
