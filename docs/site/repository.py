"""The repository on the site: where each file of it is there, and links between them.

Invariant: a page keeps the links that work in the repository; here each of them becomes one of the site.
"""

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = {
    "README.md": "index.md",
    "README.ko.md": "ko/index.md",
    "AGENTS.md": "coding-agents.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "RELEASING.md": "releasing.md",
    "SECURITY.md": "security.md",
    "benchmarks/README.md": "benchmarks.md",
}
"""Pages outside docs/, by their place on the site."""
SOURCES = {place: source for source, place in PAGES.items() if source != "README.md"}
LINK = re.compile(r"(!?\[(?:[^\[\]]|\[[^\]]*\])*\])\((?!\w+:)([^)#\s]+)((?:#[^)\s]*)?)\)")
FENCE = re.compile(r"^( *)(`{3,}).*?^ *\2 *$", re.MULTILINE | re.DOTALL)


def source_of(place: str) -> str:
    """Return the path in the repository of a page of the site."""
    own = f"docs/{place}"
    return own if (ROOT / own).is_file() else SOURCES.get(place, own)


def place_of(source: str) -> str:
    """Return the path on the site of a file of the repository."""
    if source in PAGES:
        return PAGES[source]
    return source.removeprefix("docs/") if source.startswith("docs/") else f"files/{source}"


def prose(markdown: str) -> Iterator[tuple[str, bool]]:
    """Yield the parts of a page in order, each with True if it is prose, and not a block of code."""
    end = 0
    for fence in FENCE.finditer(markdown):
        yield markdown[end : fence.start()], True
        yield fence[0], False
        end = fence.end()
    yield markdown[end:], True


def target_of(source: str, link: str) -> str:
    """Return the path in the repository that a link of a page leads to."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(source), link))


def linked_files(source: str, markdown: str) -> set[str]:
    """Return the files that are no pages of the site and that a page links to."""
    links = {
        target_of(source, found[2]) for part, is_prose in prose(markdown) if is_prose for found in LINK.finditer(part)
    }
    return {link for link in links if place_of(link).startswith("files/") and (ROOT / link).is_file()}


def relinked(source: str, markdown: str) -> str:
    """Return a page with its links as they are on the site; a folder is no page there, so its link becomes its text."""
    here = posixpath.dirname(place_of(source))

    def moved(found: re.Match[str]) -> str:
        target = target_of(source, found[2])
        if (ROOT / target).is_dir():
            return found[1][1:-1]
        if target.startswith("docs/ko/") and not (ROOT / target).exists():
            target = target.replace("docs/ko/", "docs/", 1)  # not translated yet
        return f"{found[1]}({posixpath.relpath(place_of(target), here or '.')}{found[3]})"

    return "".join(LINK.sub(moved, part) if is_prose else part for part, is_prose in prose(markdown))


def pages() -> dict[str, str]:
    """Return the text of each page outside docs/, by its place on the site."""
    return {
        place: (ROOT / source).read_text(encoding="utf-8")
        for place, source in SOURCES.items()
        if (ROOT / source).is_file() and not (ROOT / "docs" / place).is_file()
    }


def title_of(markdown: str) -> str:
    """Return the first heading of a page."""
    found = re.search(r"^# (.+)$", markdown, re.MULTILINE)
    return found[1] if found else ""


def anchor(heading: str, separator: str = "-") -> str:
    """Return the anchor of a heading, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", separator)
