"""What the package says about itself: extras as docs/install.md has them, floors as `nox -s floors` installs them."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILE = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT, GROUPS = FILE["project"], FILE["dependency-groups"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
REQUIREMENT = re.compile(r"(?P<name>[a-z0-9-]+)(?:\[[a-z0-9,-]+\])?>=(?P<floor>[0-9.]+)")
ITSELF = re.compile(r"mi-async\[([a-z,]+)\]")
INSTALL = re.compile(r"pip install [^\n`]*?'(mi-async|[./][^'\n]*)\[([a-z,]+)\]'")
ROW = re.compile(r"^\| `(\w+)` \|[^|]*\|([^|]*)\|$", re.MULTILINE)
PAGES = [
    path
    for folder in ("docs", "examples")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.suffix in {".md", ".py", ".ipynb", ".sh", ".yaml", ".service"} or path.name == "Dockerfile"
]


def own(requirements: list[str]) -> set[str]:
    """Extras of this package that requirements name."""
    return {extra for each in requirements if (found := ITSELF.fullmatch(each)) for extra in found[1].split(",")}


def shipped() -> Iterator[re.Match[str]]:
    """Yield the requirements of the package and its extras, but those that are extras of its own."""
    for each in [*PROJECT["dependencies"], *(one for extra in EXTRAS.values() for one in extra)]:
        if not ITSELF.fullmatch(each):
            found = REQUIREMENT.fullmatch(each)
            assert found, f"{each}: nox -s floors installs name>=floor, and a cap is no floor"
            yield found


def test_a_library_has_one_floor() -> None:
    floors: dict[str, set[str]] = {}
    for found in shipped():
        floors.setdefault(found["name"], set()).add(found["floor"])
    assert {name: several for name, several in floors.items() if len(several) > 1} == {}


def test_tests_do_not_ask_for_more_than_the_package() -> None:
    """A floor that only the tests raise is none that `nox -s floors` has tried."""
    floors = {found["name"]: found["floor"] for found in shipped()}
    for group, requirements in GROUPS.items():
        for each in requirements:
            found = REQUIREMENT.match(each)
            assert found, each
            if found["name"] in floors:
                assert found["floor"] == floors[found["name"]], f"{each} in the group {group}"


def test_all_is_the_union_of_the_extras() -> None:
    assert own(EXTRAS["all"]) == EXTRAS.keys() - {"all"}
    assert all(own(requirements) <= EXTRAS.keys() for requirements in EXTRAS.values())


def test_the_page_lists_the_extras_and_what_they_install() -> None:
    page = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    table = page.partition("\n## Extras\n")[2].partition("\n## ")[0]
    rows = {name: installs.strip() for name, installs in ROW.findall(table)}
    assert rows.pop("all") == "", "it is all rows above"
    expected = {name: requirements for name, requirements in EXTRAS.items() if name != "all"}
    assert rows.keys() == expected.keys()
    for name, requirements in expected.items():
        libraries = [each if ITSELF.fullmatch(each) else re.split(r"[\[>]", each)[0] for each in requirements]
        assert rows[name] == ", ".join(libraries), name


@pytest.mark.parametrize("page", [ROOT / "README.md", *PAGES], ids=lambda page: page.name)
def test_what_a_page_installs_is_there(page: Path) -> None:
    for source, extras in INSTALL.findall(page.read_text(encoding="utf-8")):
        assert source in {".", "../..", "/source"}, f"{source} is on no index: a page installs from a clone"
        assert set(extras.split(",")) <= EXTRAS.keys()
