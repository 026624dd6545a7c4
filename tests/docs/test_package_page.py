"""README on the package index: each link works there, whether the address of the repository is known or not."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TARGETS = re.compile(r"\]\(([^)]+)\)")


@pytest.fixture(scope="module")
def package_page() -> ModuleType:
    pytest.importorskip("hatchling", reason="only builds need it")
    spec = importlib.util.spec_from_file_location("package_page", ROOT / "docs" / "package_page.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_without_an_address_nothing_relative_is_left(package_page: ModuleType) -> None:
    page = package_page.page(README, "")
    assert all(target.startswith("https://") for target in TARGETS.findall(page))
    assert "![" not in page
    assert "tutorial" in page


def test_with_an_address_each_link_names_a_file_of_that_version(package_page: ModuleType) -> None:
    page = package_page.page(README, "https://github.com/owner/name/{kind}/v1.2.3")
    relative = [target for target in TARGETS.findall(README) if "://" not in target]
    absolute = [target for target in TARGETS.findall(page) if "owner/name" in target]
    assert len(absolute) == len(relative) > 10
    for target in absolute:
        kind, _, path = target.removeprefix("https://github.com/owner/name/").partition("/v1.2.3/")
        assert kind == ("raw" if path.endswith(".svg") else "blob")
        assert (ROOT / path).exists()
