"""``skill``: what it tells agents is what the application has, and it overwrites nothing of others."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from mi_async.api import operations
from mi_async.cli.app import COMMANDS, make_app, run
from mi_async.cli.examples import command_of
from mi_async.cli.skill import place_of, with_mark, write_pages
from mi_async.cli.skill_pages import NAME, SkillPage, index_page, leaves
from mi_async.errors import ConfigError

LINE = re.compile(r"^- `mi-async ([\w-]+)`: .+?\.(?: Commands: (.+)\.)?$", re.MULTILINE)
SECTION = re.compile(r"^## mi-async (.+)$", re.MULTILINE)
MOST_LINES, MOST_CHARACTERS = 500, 20_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The skill as the command writes it."""
    place = tmp_path_factory.mktemp("기술")
    assert run(["skill", str(place)]) == 0
    return place / NAME


@pytest.fixture(scope="module")
def references(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in (folder / "references").iterdir()}


@pytest.fixture(scope="module")
def index() -> SkillPage:
    return index_page(has_references=True)


def commands() -> Iterator[tuple[str, ...]]:
    """Every command that does something, as the application has it."""
    for name in COMMANDS:
        yield from leaves(make_app(name)[name], (name,))


def test_the_index_names_every_command_and_no_other(index: SkillPage) -> None:
    told = {
        (name, *words.split())
        for name, inner in LINE.findall(index.text)
        for words in (re.findall(r"`([^`]+)`", inner) or [""])
    }
    expected = set(commands())
    assert told | {("search",), ("backup",)} == expected  # which have commands, and are one themselves
    assert {tuple(command_of(each).split()) for each in operations()} <= expected


def test_what_needs_a_confirmed_plan_is_said(index: SkillPage) -> None:
    told = re.search(r"confirmed plan\*\* \((.+?)\):", index.text, re.DOTALL)
    assert told is not None
    named = re.findall(r"`mi-async ([^`]+)`", told[1])
    assert "ingest-many" in named
    assert not {"enroll-many", "usage", "backup", "persons merge"} & set(named)
    assert {tuple(each.split()) for each in named} <= set(commands())


@pytest.mark.slow
def test_the_pages_have_every_command_with_its_options(references: dict[str, str]) -> None:
    found = {tuple(words.split()) for text in references.values() for words in SECTION.findall(text)}
    assert found == set(commands())
    shared = references["shared-options.md"]
    for name in COMMANDS:
        app, text = make_app(name), references[f"{name}.md"]
        for words in leaves(app[name], (name,)):
            command = app
            for word in words:
                command = command[word]
            section = text.partition(f"## mi-async {' '.join(words)}\n")[2].partition("\n## ")[0] + shared
            shown = [each for each in command.assemble_argument_collection() if each.show]
            assert [each.names[0] for each in shown if each.names[0] not in section] == []


@pytest.mark.slow
def test_what_it_shows_to_type_can_be_typed(index: SkillPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MI_ASYNC_WORKSPACE", raising=False)
    lines = re.findall(r"^mi-async .+$", index.text, re.MULTILINE)
    assert len(lines) >= 8
    for line in lines:
        words = shlex.split(line)[1:]
        make_app(words[0]).parse_args(words, exit_on_error=False, print_error=False)
    for words in re.findall(r"`mi-async ([a-z][\w -]*)`", index.text):
        assert words.split()[0] in COMMANDS


def test_its_front_matter_is_that_of_the_format(index: SkillPage) -> None:
    head = index.text.split("---\n")[1]
    fields = dict(re.findall(r"^(\w+): (?:>-\n  )?(.*)$", head, re.MULTILINE))
    assert fields["name"] == NAME
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", NAME)
    assert 0 < len(fields["description"]) <= 1024
    assert 0 < len(fields["compatibility"]) <= 500
    assert len(index.text.splitlines()) < MOST_LINES
    assert len(index.text) < MOST_CHARACTERS
    final = index.text.partition("**What takes something away**")[2].partition("\n- ")[0]
    removing = {each for each in operations() if each.method == "DELETE"}
    assert [command_of(each) for each in removing if f"`{command_of(each)}`" not in final] == []
    assert "`persons merge`" in final
    assert "`indexes cancel`" in final


@pytest.mark.slow
def test_stdout_gets_the_index_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["skill"]) == 0
    out = capsys.readouterr().out
    assert out == index_page(has_references=False).text
    assert "references/" not in out


@pytest.mark.slow
def test_a_folder_gets_the_index_with_the_pages(folder: Path, references: dict[str, str], index: SkillPage) -> None:
    assert (folder / "SKILL.md").read_text(encoding="utf-8") == with_mark(index.text)
    assert references.keys() == {f"{name}.md" for name in (*COMMANDS, "shared-options")}


PAGES = [SkillPage("SKILL.md", "new\n"), SkillPage("references/enroll.md", "options\n")]


def test_the_folder_is_that_of_skills_or_the_skill_itself() -> None:
    assert place_of("skills") == place_of(f"skills/{NAME}") == Path("skills") / NAME


def test_after_an_update_what_it_has_written_is_replaced(tmp_path: Path) -> None:
    references = tmp_path / "references"
    references.mkdir()
    for path in (tmp_path / "SKILL.md", references / "gone.md"):
        path.write_text(with_mark("of an earlier version\n"), encoding="utf-8")
    (references / "mine.md").write_text("mine\n", encoding="utf-8")
    for _ in range(2):
        assert write_pages(tmp_path, PAGES) == tmp_path / "SKILL.md"
        assert (tmp_path / "SKILL.md").read_text(encoding="utf-8") == with_mark("new\n")
        assert sorted(path.name for path in references.iterdir()) == ["enroll.md", "mine.md"]
    assert (references / "mine.md").read_text(encoding="utf-8") == "mine\n"


@pytest.mark.parametrize("changed", ["mine\n", with_mark("was generated\n").replace("was", "is")])
def test_what_somebody_has_written_is_left_alone(tmp_path: Path, changed: str) -> None:
    page = tmp_path / "references" / "enroll.md"
    page.parent.mkdir()
    page.write_text(changed, encoding="utf-8")
    with pytest.raises(ConfigError, match="was not written by mi-async skill, or was changed since: move it away"):
        write_pages(tmp_path, PAGES)
    assert page.read_text(encoding="utf-8") == changed
    assert not (tmp_path / "SKILL.md").exists()


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConfigError, match="cannot write the skill to"):
        write_pages(tmp_path / "file", PAGES)
