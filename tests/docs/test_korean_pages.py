"""The Korean pages: each has the headings, code, links, tables and code words of its English page."""

import functools
import io
import itertools
import os
import re
import tokenize
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.docs.test_examples import ROOT

ENGLISH, KOREAN = ROOT / "docs", ROOT / "docs" / "ko"
README, README_KO = ROOT / "README.md", ROOT / "README.ko.md"
PAGES = [README_KO, *sorted(KOREAN.glob("*.md"))]
ENGLISH_ONLY = {"operations.md", "public-names.md"}
"""Made from the code, whose docstrings are English."""
FENCED = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)")
HANGUL = re.compile("[가-힣]")
SHELL_COMMENT = re.compile(r"""('[^']*'|"(?:\\.|[^"\\])*"|\\.)|[ \t]*(?<!\S)#[^\n]*""", re.DOTALL)
"""What is quoted or escaped, as a group; or a comment."""
FULL_WIDTH = re.compile("[\u3000-\u303f\uff00-\uffef]")


class Section(NamedTuple):
    """A heading and what follows it, up to the next one."""

    level: int
    title: str
    code: list[list[str]]
    links: list[tuple[str, str]]
    tables: list[list[int]]
    words: set[str]


def without_comments(source: str) -> list[str]:
    """Return the tokens of a Python program but its comments, which a page may translate."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return [token.string for token in tokens if token.type not in {tokenize.COMMENT, tokenize.NL}]


def without_shell_comments(source: str) -> list[str]:
    """Return the lines of a shell's commands without comments: what follows a # that begins a word, outside quotes."""
    return SHELL_COMMENT.sub(lambda found: found[1] or "", source).splitlines()


WITHOUT_COMMENTS = {
    "python": without_comments,
    "py": without_comments,
    "sh": without_shell_comments,
    "tree": without_shell_comments,  # of a folder
}
"""How to read a block of code of each language whose comments a page may translate."""


def tables(prose: str) -> list[list[int]]:
    """Return the numbers of columns of the rows of each table."""
    groups = itertools.groupby(prose.splitlines(), lambda line: line.startswith("|"))
    return [[len(re.findall(r"(?<!\\)\|", row)) for row in rows] for is_table, rows in groups if is_table]


@functools.cache
def sections(page: Path) -> list[Section]:
    """Return the sections of a page."""
    blocks: list[list[str]] = []

    def lift(block: re.Match[str]) -> str:
        language, source = block.groups()
        blocks.append([language, *WITHOUT_COMMENTS.get(language, str.splitlines)(source)])
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
    if target == page:  # each README leads to the other
        return os.path.relpath(english, page.parent), anchor
    korean = korean_of(target)
    if anchor and korean != target:
        anchor = dict(zip(anchors(target), anchors(korean), strict=False)).get(anchor, f"{anchor}: no such heading")
    return (os.path.relpath(korean, page.parent) if path else ""), anchor


def first_difference(page: Path) -> str | None:
    """Return the first thing in which a Korean page is not as its English one."""
    for ours, theirs in itertools.zip_longest(sections(page), sections(english_of(page))):
        if ours is None or theirs is None or ours.level != theirs.level:
            return f"heading {ours and ours.title!r}, in English {theirs and theirs.title!r}"
        links = [translated(link, page) for link in theirs.links]
        for told in (
            in_order("code", ours.code, theirs.code),
            in_order("tables", ours.tables, theirs.tables),
            in_any_order("links", ours.links, links),
            in_any_order("`code words`", ours.words, theirs.words),
        ):
            if told:
                return f"{ours.title!r} ({theirs.title!r}): {told}"
    return None


def in_order(kind: str, ours: Sequence[Sequence[object]], theirs: Sequence[Sequence[object]]) -> str | None:
    """Return the first difference between blocks of code, or between the columns of the rows of tables."""
    for number, (mine, wanted) in enumerate(itertools.zip_longest(ours, theirs, fillvalue=()), 1):
        for part, (got, right) in enumerate(itertools.zip_longest(mine, wanted), 1):
            if got != right:
                return f"{kind} {number}, part {part}: {got!r}, in English {right!r}"
    return None


def in_any_order(kind: str, ours: Iterable[object], theirs: Iterable[object]) -> str | None:
    """Return what one has and the other has not: sentences of two languages have their words in another order."""
    mine, wanted = Counter(ours), Counter(theirs)
    return f"{kind}: {list(mine - wanted)} too much, {list(wanted - mine)} missing" if mine != wanted else None


@pytest.mark.parametrize(
    ("source", "kept"),
    [
        ("mi-async skill   # prints it", ["mi-async skill"]),
        ("# all of it\nmi-async", ["", "mi-async"]),
        ("pip install 'a #b' c#d # besides", ["pip install 'a #b' c#d"]),
        (r'echo "\" # text" \# text', [r'echo "\" # text" \# text']),
        ("echo 'one\n# two' # comment's end", ["echo 'one", "# two'"]),
    ],
)
def test_a_comment_of_the_shell_begins_a_word_outside_quotes(source: str, kept: list[str]) -> None:
    assert without_shell_comments(source) == kept


each_page = pytest.mark.parametrize("page", [pytest.param(page, id=page.name) for page in PAGES])


def test_every_page_is_there_in_korean() -> None:
    assert {page.name for page in KOREAN.iterdir()} == {page.name for page in ENGLISH.glob("*.md")} - ENGLISH_ONLY


@each_page
def test_a_korean_page_has_what_its_english_one_has(page: Path) -> None:
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
