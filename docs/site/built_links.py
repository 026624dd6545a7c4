"""Links of the built site that lead to no file of it.

Invariant: judges HTML as it is served, since MkDocs checks only the links of Markdown, and hooks write others.
"""

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

LINK = re.compile(r"<(?:a|img|link|script)\b[^>]*?\s(?:href|src)=\"([^\"]*)\"")


def dead_links(site: Path) -> list[str]:
    """Return the pages with the links that lead nowhere; links from the root of a host are not judged."""
    there = {path.resolve() for path in site.rglob("*")}
    dead: list[str] = []
    for page in sorted(site.rglob("*.html")):
        for link in dict.fromkeys(LINK.findall(page.read_text(encoding="utf-8"))):
            target = urlsplit(link)
            if target.scheme or target.netloc or not target.path or target.path.startswith("/"):
                continue
            file = (page.parent / unquote(target.path)).resolve()
            if (file / "index.html" if file.is_dir() else file) not in there:
                dead.append(f"{page.relative_to(site).as_posix()}: {link}")
    return dead
