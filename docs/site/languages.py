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
    "In your service": "서비스에서 사용",
    "Testing": "테스트",
    "When something is wrong": "문제 해결",
    "Reference": "레퍼런스",
    "Classes and functions": "클래스와 함수",
    "Explanation": "설명",
    "Project": "프로젝트",
}
"""Korean names of what has a name in the navigation; a page has its title."""


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
    for folder, languages, entries in ((site, ["en"], english), (site / "ko", ["ko", "en"], korean)):
        if entries:
            index["config"]["lang"], index["docs"] = languages, entries
            target = folder / "search" / "search_index.json"
            target.parent.mkdir(exist_ok=True)
            target.write_text(json.dumps(index, ensure_ascii=False), encoding="utf-8")
