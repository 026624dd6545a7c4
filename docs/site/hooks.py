"""Hooks of MkDocs: what is generated, links as they are on the site, two languages, llms.txt."""

import re
from pathlib import Path
from typing import Any

import built_links
import inline_code
import languages
import llms
import reference
import repository
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page

DOCS = repository.ROOT / "docs"
TEXTS: dict[str, str] = {}
"""Markdown of each page as it is on the site, by its path."""
NAVIGATION: dict[str, Navigation] = {}
"""Navigation of each language."""
ELSEWHERE = re.compile(
    r"<(?:script|img|iframe|link(?! rel=\"(?:canonical|alternate)))\b[^>]*(?:src|href)=\"(?:https?:)?//[^>]*>"
)
"""What a browser would load from another host."""


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Add the Korean pages that there are, and anchors as GitHub makes them."""
    there = {path.relative_to(DOCS).as_posix() for path in DOCS.glob("ko/**/*.md")} | set(repository.pages())
    if korean := languages.korean_nav(config.nav or [], there):
        config.nav = [*(config.nav or []), {languages.NAMES["ko"]: korean}]
    config.mdx_configs["toc"]["slugify"] = repository.anchor
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add generated pages, those outside docs/, and the files that pages link to."""
    for place, text in (reference.generated() | repository.pages()).items():
        files.append(File.generated(config, place, content=text))
    linked: set[str] = set()
    for file in files.documentation_pages():
        linked |= repository.linked_files(repository.source_of(file.src_uri), file.content_string)
    for source in linked:
        files.append(
            File.generated(config, repository.place_of(source), content=(repository.ROOT / source).read_bytes())
        )
    return files


def on_nav(nav: Navigation, config: MkDocsConfig, files: Files) -> Navigation:
    """Keep a navigation for each language."""
    del config, files
    NAVIGATION.update(languages.divided(nav))
    return nav


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Make links of the repository links of the site."""
    del config, files
    TEXTS[page.file.src_uri] = repository.relinked(repository.source_of(page.file.src_uri), markdown)
    return TEXTS[page.file.src_uri]


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Show inline code as one reads it."""
    del page, config, files
    return inline_code.mended(html)


def on_page_context(context: dict[str, Any], page: Page, config: MkDocsConfig, nav: Navigation) -> dict[str, Any]:
    """Give a page the words, the navigation and the other language of its own."""
    del nav
    language = languages.language_of(page)
    config.theme["language"] = language
    others = languages.alternates(page, NAVIGATION)
    config.extra["alternate"] = others if len(others) > 1 else []
    return context | {"nav": NAVIGATION[language]}


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Let a Korean page search the Korean pages, and a wide table scroll by keyboard.

    Raises:
        PluginError: a page loads something from another host.
    """
    del config
    if loaded := ELSEWHERE.search(output):
        message = f"{page.file.src_uri} loads something from another host: {loaded[0]}"
        raise PluginError(message)
    output = re.sub(
        r'<link rel="alternate"[^>]*>', "", output
    )  # for each of them a browser would ask for a sitemap.xml
    output = re.sub(r"<table>", '<table tabindex="0">', output)
    return languages.own_search(output) if languages.language_of(page) == "ko" else output


def on_post_build(config: MkDocsConfig) -> None:
    """Write what comes of all pages together, and check the links of all HTML.

    Raises:
        PluginError: a link leads to no file of the site.
    """
    site = Path(config.site_dir)
    languages.divide_search(site)
    for language, nav in NAVIGATION.items():
        if language == "en":
            llms.write(site, nav, TEXTS, str(config.site_name), str(config.site_description))
    if dead := built_links.dead_links(site):
        message = f"{len(dead)} links lead nowhere: {'; '.join(dead[:20])}"
        raise PluginError(message)
