"""The Korean pages: each has the headings, code, links, tables and code words of its English page."""

import functools
import io
import itertools
import os
import re
import tokenize
import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.docs.test_examples import ROOT

ENGLISH, KOREAN = ROOT / "docs", ROOT / "docs" / "ko"
README, README_KO = ROOT / "README.md", ROOT / "README.ko.md"
PAGES = [README_KO, *sorted(KOREAN.glob("*.md"))] if README_KO.exists() else sorted(KOREAN.glob("*.md"))
FENCED = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)")
HANGUL = re.compile("[가-힣]")
FULL_WIDTH = re.compile("[\u3000-\u303f\uff00-\uffef]")


class Section(NamedTuple):
    """A heading and what follows it, up to the next one."""

    level: int
    title: str
    code: list[tuple[str, list[str]]]
    links: list[tuple[str, str]]
    tables: list[list[int]]
    words: set[str]


def without_comments(source: str) -> list[str]:
    """Return the tokens of a Python program but its comments, which a page may translate."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return [token.string for token in tokens if token.type not in {tokenize.COMMENT, tokenize.NL}]


def tables(prose: str) -> list[list[int]]:
    """Return the numbers of columns of the rows of each table."""
    groups = itertools.groupby(prose.splitlines(), lambda line: line.startswith("|"))
    return [[len(re.findall(r"(?<!\\)\|", row)) for row in rows] for is_table, rows in groups if is_table]


@functools.cache
def sections(page: Path) -> list[Section]:
    """Return the sections of a page."""
    blocks: list[tuple[str, list[str]]] = []

    def lift(block: re.Match[str]) -> str:
        language, source = block.groups()
        is_python = language in {"python", "py"}
        blocks.append((language, without_comments(source) if is_python else source.splitlines()))
        return "\0"

    text = FENCED.sub(lift, page.read_text(encoding="utf-8"))
    found, code = [], iter(blocks)
    for heading, prose in zip(*[iter(re.split(r"^(#+ .+)$", text, flags=re.MULTILINE)[1:])] * 2, strict=True):
        marks, title = heading.split(" ", 1)
        links = [(path, anchor or "") for path, anchor in LINK.findall(prose)]
        words = {" ".join(word.split()) for word in re.findall(r"`([^`]+)`", prose)}
        here = list(itertools.islice(code, prose.count("\0")))
        found.append(Section(len(marks), title, here, links, tables(prose), words))
    return found


def anchors(page: Path) -> list[str]:
    """Return the anchors of a page's headings, as GitHub and the site make them: Hangul stays."""
    return [re.sub(r"[^\w\- ]", "", section.title.lower()).replace(" ", "-") for section in sections(page)]


def english_of(page: Path) -> Path:
    return README if page == README_KO else ENGLISH / page.name


def korean_of(page: Path) -> Path:
    """Return the Korean page of an English one, or the English one where there is none."""
    korean = README_KO if page == README else KOREAN / page.name
    return korean if page.parent in {ROOT, ENGLISH} and korean.exists() else page


def translated(link: tuple[str, str], page: Path) -> tuple[str, str]:
    """Return the link that the Korean page should have in the place of this one of its English page."""
    path, anchor = link
    if path.startswith(("http:", "https:")):
        return link
    english = english_of(page)
    target = (english.parent / path).resolve() if path else english
    korean = korean_of(target)
    if anchor and korean != target:
        anchor = dict(zip(anchors(target), anchors(korean), strict=False)).get(anchor, f"{anchor}: no such heading")
    return (os.path.relpath(korean, page.parent) if path else ""), anchor


def first_difference(page: Path) -> str | None:
    """Return the first thing in which a Korean page is not as its English one."""
    english, korean = sections(english_of(page)), sections(page)
    for ours, theirs in itertools.zip_longest(korean, english):
        if ours is None or theirs is None or ours.level != theirs.level:
            return f"heading {ours and ours.title!r}, in English {theirs and theirs.title!r}"
        links = [translated(link, page) for link in theirs.links]
        for kind, mine, wanted in [
            ("code", ours.code, theirs.code),
            ("columns of tables", ours.tables, theirs.tables),
            ("links", ours.links, links),
            ("`code words`", ours.words, theirs.words),
        ]:
            if told := difference(kind, mine, wanted):
                return f"{ours.title!r} ({theirs.title!r}): {told}"
    return None


def difference(kind: str, ours: Iterable[object], theirs: Iterable[object]) -> str | None:
    """Return what one has and the other has not; the order counts for code and tables, not within a sentence."""
    mine, wanted = (Counter(map(repr, things)) for things in (ours, theirs))
    if mine != wanted:
        return f"{kind} too much {list(mine - wanted)}, missing {list(wanted - mine)}"
    if kind in {"code", "columns of tables"} and list(ours) != list(theirs):
        return f"{kind} in another order"
    return None


each_page = pytest.mark.parametrize("page", [pytest.param(page, id=page.name) for page in PAGES])


@each_page
def test_a_korean_page_has_what_its_english_one_has(page: Path) -> None:
    assert english_of(page).exists(), f"{page.name} has no English page"
    if told := first_difference(page):
        pytest.fail(f"{page.name}: {told}")


@each_page
def test_a_korean_page_is_korean(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert unicodedata.is_normalized("NFC", text)
    prose = re.sub(r"`[^`]*`|\]\([^)]*\)", "", FENCED.sub("", text))
    assert not FULL_WIDTH.findall(prose)
    paragraphs = re.split(r"\n\s*\n|^\|", prose, flags=re.MULTILINE)
    assert not [text for text in paragraphs if len(re.findall("[A-Za-z]", text)) >= 40 and not HANGUL.search(text)]
