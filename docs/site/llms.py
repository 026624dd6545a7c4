"""llms.txt and llms-full.txt: the pages of the site for language models, in the order of its navigation."""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import reference
from mkdocs.structure.nav import Navigation, Section
from mkdocs.structure.pages import Page

DIRECTIVE = re.compile(r"^::: ([\w.]+)\n(?:    .*\n)*", re.MULTILINE)


def write(site: Path, nav: Navigation, texts: dict[str, str], name: str, description: str) -> None:
    """Write both files, and each page beside them as Markdown.

    Args:
        site: folder of the site.
        nav: navigation of one language.
        texts: of the pages, by their path.
        name: of the project.
        description: of the project.
    """
    index, full = [f"# {name}\n\n> {description}\n\n"], [f"# {name}\n\n> {description}\n"]
    for heading, page in walk(nav.items):
        if heading:
            index.append(f"\n## {heading}\n\n")
        path, text = page.file.src_uri, DIRECTIVE.sub(documented, texts[page.file.src_uri])
        target = site / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        index.append(f"- [{page.title}]({path}): {first_sentence(text)}\n")
        full.append(f"\n<!-- {path} -->\n\n{text}")
    (site / "llms.txt").write_text("".join(index), encoding="utf-8")
    (site / "llms-full.txt").write_text("".join(full), encoding="utf-8")


def walk(items: list[Any], above: str = "") -> Iterator[tuple[str, Page]]:
    """Yield pages in order, the first of a section with its heading: a section within a section has both names."""
    for item in items:
        if isinstance(item, Section):
            heading = f"{above}: {item.title}" if above else str(item.title)
            pages = [child for child in item.children if isinstance(child, Page)]
            yield from ((heading if number == 0 else "", page) for number, page in enumerate(pages))
            yield from walk([child for child in item.children if not isinstance(child, Page)], heading)
        elif isinstance(item, Page):
            yield "", item


def first_sentence(text: str) -> str:
    """Return the first sentence of a page, without links."""
    body = re.sub(r"^#.*$", "", text, count=1, flags=re.MULTILINE).strip()
    paragraph = " ".join(re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", body.partition("\n\n")[0]).split())
    return re.split(r"(?<=[.!?])\s", paragraph)[0]


def documented(found: re.Match[str]) -> str:
    """Return the signature and the docstring of what a directive names."""
    value = resolve_name(re.sub(r"\.([A-Z]\w*|[a-z_]+)$", r":\1", found[1]))
    parts = [told(value, value.__name__, "##")]
    for name, member in vars(value).items() if inspect.isclass(value) else ():
        if inspect.isfunction(member) and not name.startswith("_"):
            parts.append(told(member, f"{value.__name__}.{name}", "###"))
    return "\n".join(parts)


def told(value: Any, name: str, mark: str) -> str:
    """Return a heading, how it is called, and its docstring."""
    words = reference.markdown(inspect.getdoc(value) or "")
    return f"{mark} {name}\n\n```py\n{signature(value)}\n```\n\n{words}\n"


def signature(value: Any) -> str:
    """Return how something is called."""
    try:
        return f"{value.__name__}{inspect.signature(value)}"
    except ValueError:
        return str(value.__name__)
