"""The site in two languages: English at /, Korean at /ko/, each with its own navigation and search."""

import json
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.nav import Navigation, Section
from mkdocs.structure.pages import Page

KOREAN = "ko/"
NAMES = {"en": "English", "ko": "한국어"}
SECTIONS = {
    "Home": "홈",
    "Tutorial": "튜토리얼",
    "How-to": "사용 방법",
    "Persons and images": "인물과 이미지",
    "Assets and search": "에셋과 검색",
    "Keeping the archive in order": "아카이브 정리",
    "In your service": "서비스에서 사용",
    "Testing": "테스트",
    "When something is wrong": "문제 해결",
    "Reference": "레퍼런스",
    "Classes and functions": "클래스와 함수",
    "Explanation": "설명",
    "Project": "프로젝트",
}
"""Korean names of what has a name in the navigation; a page has its title."""
PARTICLES = """
    을 를 은 는 이 가 의 에 와 과 도 만 로 으로 나 이나 라 이라 에서 에게 까지 부터 마다 보다 처럼
    입니다 이며 이면 이고 이므로 인 하고 하며 하면 하는 하여 해 해도 하지 하기 하므로 하려면 하십시오
    합니다 했습니다 할 한 함 됩니다 되고 되며 되면 되는 되어 되지 되었습니다 될 된 됨
"""
"""Endings of Korean words, which are no part of what one searches for."""
SEPARATOR = (
    r"""[\s\-,:;!?=()\[\]{}"'`/|<>·…*#]+|\.(?!\d)|&[lg]t;|"""
    rf"(?<=[가-힣A-Za-z0-9_]{{2}})(?:{'|'.join(PARTICLES.split())})+(?![가-힣])"
)
"""What is between words of a Korean page: an ending too, where at least two characters are left of the word."""


def korean_nav(nav: list[Any], there: set[str]) -> list[Any]:
    """Return the navigation of the Korean pages that there are, in the order of the English ones."""
    found: list[Any] = []
    for item in nav:
        if isinstance(item, str):
            found += [KOREAN + item] if KOREAN + item in there else []
        else:
            ((name, below),) = item.items()
            if inner := korean_nav([below] if isinstance(below, str) else below, there):
                found.append({SECTIONS[name]: inner[0] if isinstance(below, str) else inner})
    return found


def divided(nav: Navigation) -> dict[str, Navigation]:
    """Return a navigation for each language; the Korean pages are the last section of the one that is given."""
    english = [page for page in nav.pages if language_of(page) == "en"]
    found = {"en": Navigation([item for item in nav.items if not is_korean(item)], english)}
    for item in nav.items:
        if is_korean(item):
            assert isinstance(item, Section)  # noqa: S101  the one that korean_nav() makes
            found["ko"] = Navigation(item.children, [page for page in nav.pages if language_of(page) == "ko"])
            for child in item.children:
                child.parent = None
    for each in found.values():
        each.pages[0].previous_page = each.pages[-1].next_page = None
        each.homepage = each.pages[0]
    return found


def is_korean(item: object) -> bool:
    """Return True for the section that holds the Korean pages."""
    return isinstance(item, Section) and item.title == NAMES["ko"]


def language_of(page: Page) -> str:
    """Return the language of a page."""
    return "ko" if page.file.src_uri.startswith(KOREAN) else "en"


def alternates(page: Page, navigation: dict[str, Navigation]) -> list[dict[str, str]]:
    """Return the same page in each language, or the first page of a language that does not have it."""
    path = page.file.src_uri.removeprefix(KOREAN)
    places = {}
    for language, nav in navigation.items():
        same = KOREAN + path if language == "ko" else path
        places[language] = next((each for each in nav.pages if each.file.src_uri == same), nav.pages[0])
    return [{"lang": language, "name": NAMES[language], "link": each.url or "./"} for language, each in places.items()]


def own_search(html: str) -> str:
    """Return a Korean page that searches the Korean pages: Material looks for the index below its base."""
    return re.sub(r'("base": ?)"([^"]*)"', lambda found: f'{found[1]}"{nearer(found[2])}"', html, count=1)


def nearer(base: str) -> str:
    """Return the way to /ko/ where base leads to /."""
    return base.removesuffix("/..") if base.endswith("/..") else "."


def divide_search(site: Path) -> None:
    """Write a search index for each language in the place of the one for both."""
    index = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))
    korean = [entry for entry in index["docs"] if entry["location"].startswith(KOREAN)]
    english = [entry for entry in index["docs"] if not entry["location"].startswith(KOREAN)]
    for entry in korean:
        entry["location"] = entry["location"].removeprefix(KOREAN)
    # without a pipeline: lunr takes 이어서, 다시 and 이용하여 for words that mean nothing
    own = {"lang": ["ko", "en"], "separator": SEPARATOR, "pipeline": []}
    for folder, config, entries in ((site, {"lang": ["en"]}, english), (site / "ko", own, korean)):
        if entries:
            target = folder / "search" / "search_index.json"
            target.parent.mkdir(exist_ok=True)
            written = index | {"config": index["config"] | config, "docs": entries}
            target.write_text(json.dumps(written, ensure_ascii=False), encoding="utf-8")
