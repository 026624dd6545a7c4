"""What the site makes of pages: links, anchors, two languages; `nox -s site` builds it and checks every link."""

import importlib.util
import json
import re
from inspect import isfunction
from pathlib import Path
from types import ModuleType

import pytest

from mi_async import Workspace, errors
from tests.docs.test_examples import ROOT, anchors


def module(name: str) -> ModuleType:
    pytest.importorskip("mkdocs", reason="only the site needs it")
    spec = importlib.util.spec_from_file_location(f"site_{name}", ROOT / "docs" / "site" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.mark.parametrize(
    ("source", "before", "after"),
    [
        ("docs/bulk.md", "[a](journal.md#views)", "[a](journal.md#views)"),
        ("docs/bulk.md", "[a](../CHANGELOG.md)", "[a](changelog.md)"),
        ("docs/bulk.md", "[a](../benchmarks/README.md#growthpy)", "[a](benchmarks.md#growthpy)"),
        ("docs/bulk.md", "[a](../examples/bulk.ipynb)", "[a](files/examples/bulk.ipynb)"),
        ("docs/bulk.md", "[a](../examples)", "a"),
        ("docs/ko/bulk.md", "[a](../errors.md)", "[a](../errors.md)"),
        ("docs/ko/bulk.md", "[a](no-such-page-yet.md)", "[a](../no-such-page-yet.md)"),
        ("CHANGELOG.md", "[a](docs/bulk.md)", "[a](bulk.md)"),
        ("benchmarks/README.md", "![a](cost-of-a-call.svg)", "![a](files/benchmarks/cost-of-a-call.svg)"),
        ("docs/bulk.md", "[a](https://example.com/x.md)", "[a](https://example.com/x.md)"),
        ("docs/bulk.md", "```\n[a](../CHANGELOG.md)\n```", "```\n[a](../CHANGELOG.md)\n```"),
    ],
)
def test_links_of_the_repository_become_links_of_the_site(source: str, before: str, after: str) -> None:
    assert module("repository").relinked(source, before) == after


def test_a_page_of_the_site_is_the_one_in_docs_where_that_is_there() -> None:
    repository = module("repository")
    places = {"ko/index.md": "docs/ko/index.md", "changelog.md": "CHANGELOG.md", "bulk.md": "docs/bulk.md"}
    assert {place: repository.source_of(place) for place in places} == places


def test_anchors_are_those_that_the_links_of_the_repository_have() -> None:
    page = ROOT / "docs" / "ko" / "bulk.md"
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert {module("repository").anchor(heading) for heading in headings} == anchors(page)


def test_the_korean_navigation_has_the_pages_that_there_are() -> None:
    nav = [{"Home": "index.md"}, {"How-to": [{"Testing": ["testing.md"]}, "bulk.md"]}, {"Project": ["policy.md"]}]
    korean = module("languages").korean_nav(nav, {"ko/bulk.md", "ko/index.md"})
    assert korean == [{"홈": "ko/index.md"}, {"사용 방법": ["ko/bulk.md"]}]


def test_each_section_of_the_navigation_has_a_korean_name() -> None:
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2]
    sections = re.findall(r"^ +- ([^:\n]+):$", text, re.MULTILINE)
    assert "How-to" in sections
    assert set(sections) <= set(module("languages").SECTIONS)


def test_each_language_searches_its_own_pages(tmp_path: Path) -> None:
    languages = module("languages")
    (tmp_path / "search").mkdir()
    entries = [{"location": "bulk/"}, {"location": "ko/bulk/"}]
    (tmp_path / "search" / "search_index.json").write_text(json.dumps({"config": {"lang": ["en"]}, "docs": entries}))
    (tmp_path / "ko").mkdir()
    languages.divide_search(tmp_path)
    for folder in (tmp_path, tmp_path / "ko"):
        index = json.loads((folder / "search" / "search_index.json").read_text(encoding="utf-8"))
        assert [entry["location"] for entry in index["docs"]] == ["bulk/"]
    assert [languages.nearer(base) for base in ("..", "../..", "../../..")] == [".", "..", "../.."]


def test_a_korean_word_is_found_with_any_ending() -> None:
    text = "저널(journal)을 이어서 실행합니다. 한도, 저널에서는 `bulk`가"
    found = re.split(module("languages").SEPARATOR, text)
    assert [word for word in found if word] == ["저널", "journal", "을", "이어서", "실행", "한도", "저널", "bulk", "가"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (r"<td><code>jsonl\|csv</code></td>", '<td><span class="whole"><code>jsonl|csv</code></span></td>'),
        (r"<p><code>a\|b</code></p>", r'<p><span class="whole"><code>a\|b</code></span></p>'),
        ("<code>bulk</code>가 있으면", '<span class="whole"><code>bulk</code>가</span> 있으면'),
        (f"<code>{'a' * 25}</code>가", f"<code>{'a' * 25}</code>가"),
        ("<pre><code>bulk</code></pre>", "<pre><code>bulk</code></pre>"),
    ],
)
def test_inline_code_is_as_one_reads_it(before: str, after: str) -> None:
    assert module("inline_code").mended(before) == after


def test_every_page_has_a_place_in_the_navigation() -> None:
    nav = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2]
    listed = set(re.findall(r"[\w/-]+\.md", nav))
    assert {path.name for path in (ROOT / "docs").glob("*.md")} <= listed


def test_a_link_that_a_hook_wrote_is_followed_in_the_built_pages(tmp_path: Path) -> None:
    (tmp_path / "bulk").mkdir()
    (tmp_path / "bulk" / "index.html").write_text('<a href="../#top"></a><a href=".."></a><a href="#here"></a>')
    links = ("bulk/", "bulk/?q=1#x", "https://example.com/x", "/from-the-root", "gone/", "bulk/picture.png")
    (tmp_path / "index.html").write_text("".join(f'<a class="x" href="{link}"></a>' for link in links))
    assert module("built_links").dead_links(tmp_path) == ["index.html: gone/", "index.html: bulk/picture.png"]


def test_the_reference_of_errors_has_those_that_are_public() -> None:
    named = {each.__name__ for each in module("reference").error_classes()}
    assert [name for name in named if not hasattr(errors, name)] == []
    assert "PlanNotConfirmedError" in named


def test_the_reference_of_a_workspace_has_the_methods_of_its_parts() -> None:
    options = module("reference").members(Workspace)
    [names] = re.findall(r"inherited_members: \[(.*)\]", options)
    inherited = {name for name in dir(Workspace) if not name.startswith("_") and isfunction(getattr(Workspace, name))}
    assert set(names.split(", ")) == inherited - vars(Workspace).keys()
    assert {"curate", "sync", "back_up"} <= inherited
