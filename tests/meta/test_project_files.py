"""Files for those who join the project: workflows, forms, and pages that name commands and files."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github"
BASH = shutil.which("bash") or "bash"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
FORMS = [GITHUB / "ISSUE_TEMPLATE" / name for name in ("bug.yml", "feature.yml")]
SCHEMAS = {
    "github-workflows": WORKFLOWS,
    "github-issue-forms": FORMS,
    "github-issue-config": [GITHUB / "ISSUE_TEMPLATE" / "config.yml"],
    "dependabot": [GITHUB / "dependabot.yml"],
}
PAGES = [
    ROOT / name
    for name in ("AGENTS.md", "RELEASING.md", "SECURITY.md", "docs/policy.md", ".github/pull_request_template.md")
]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
MAY_WRITE = {
    ("release.yml", "attest"): {"attestations", "id-token"},
    ("release.yml", "publish"): {"id-token"},
    ("release.yml", "announce"): {"contents"},
}
"""Permissions beyond reading, by job."""


def loaded(path: Path) -> Any:
    return YAML(typ="safe", pure=True).load(path)


def jobs() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path in WORKFLOWS:
        for name, job in loaded(path)["jobs"].items():
            yield path.name, name, job


def steps() -> Iterator[dict[str, Any]]:
    return (step for _, _, job in jobs() for step in job.get("steps", []))


def matrix() -> list[dict[str, str]]:
    (rows,) = [job["strategy"]["matrix"]["include"] for _, _, job in jobs() if "strategy" in job]
    return list(rows)


def sessions() -> set[str]:
    """Return the names of the sessions of nox."""
    tree = ast.parse((ROOT / "noxfile.py").read_text(encoding="utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    return {one.name for one in functions if any("nox.session" in ast.unparse(each) for each in one.decorator_list)}


def in_noxfile(name: str) -> Any:
    """Return the literal that is assigned to this name."""
    (value,) = [
        node.value
        for node in ast.parse((ROOT / "noxfile.py").read_text(encoding="utf-8")).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name
    ]
    return ast.literal_eval(value)


@pytest.mark.parametrize(("schema", "files"), SCHEMAS.items(), ids=SCHEMAS)
def test_files_of_github_fit_its_schemas(schema: str, files: list[Path]) -> None:
    """The schemas come with check-jsonschema: nothing is fetched."""
    assert files
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", *map(str, files)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert result.returncode == 0, result.stdout + result.stderr


def test_actions_are_pinned_by_commit_with_their_version() -> None:
    """A tag can be moved to other code, as happened to tj-actions/changed-files in 2025."""
    pinned: dict[str, set[str]] = {}
    for path in WORKFLOWS:
        for line in path.read_text(encoding="utf-8").splitlines():
            if (used := re.search(r"\buses:\s*(.+)", line)) and not used[1].startswith("./"):
                found = re.fullmatch(r"([\w-]+/[\w.-]+)@([0-9a-f]{40}) # (v\d+\.\d+\.\d+)", used[1])
                assert found, f"{path.name}: {line.strip()}"
                pinned.setdefault(found[1], set()).add(f"{found[2]} {found[3]}")
    assert {action: versions for action, versions in pinned.items() if len(versions) > 1} == {}


def test_a_job_may_do_what_it_needs_and_no_more() -> None:
    for path in WORKFLOWS:
        assert loaded(path)["permissions"] == {}, f"{path.name}: each job names its own"
    for file, name, job in jobs():
        written = {scope for scope, level in job["permissions"].items() if level != "read"}
        assert written == MAY_WRITE.get((file, name), set()), f"{file}: {name}"


def test_what_may_write_runs_no_code_of_ours() -> None:
    """A dependency that was taken over would sign and publish with the rights of such a job."""
    for file, name, job in jobs():
        if (file, name) in MAY_WRITE:
            used = [step["uses"] for step in job["steps"] if "uses" in step]
            assert not any("checkout" in each or "setup-python" in each for each in used), name
            assert all(step["run"].startswith("gh ") for step in job["steps"] if "run" in step), name


def test_a_fork_gets_no_secret_and_no_text_of_a_stranger_becomes_code() -> None:
    for path in WORKFLOWS:
        assert loaded(path)["on"].keys() <= {"push", "pull_request", "schedule", "workflow_call"}, path.name
        assert "secrets" not in path.read_text(encoding="utf-8"), path.name
    for step in steps():
        assert "${{" not in step.get("run", ""), "pass it through env: the shell then takes it for a value"
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


def test_no_workflow_runs_for_ever_or_twice() -> None:
    groups = [loaded(path)["concurrency"]["group"] for path in WORKFLOWS]
    assert len({group.partition("-")[0] for group in groups}) == len(groups), (
        "a called workflow would wait for its caller"
    )
    for file, name, job in jobs():
        assert "uses" in job or job["timeout-minutes"] <= 40, f"{file}: {name}"


def test_every_check_of_nox_is_a_job_with_every_python() -> None:
    pythons = {name.rpartition(" ")[2] for name in PROJECT["project"]["classifiers"] if re.search(r":: 3\.\d+$", name)}
    assert {row["python"] for row in matrix() if row["session"].startswith("tests-")} == pythons
    assert set(in_noxfile("SUPPORTED")) == pythons
    run = [row["session"].partition("-")[0] for row in matrix()]
    assert set(run) == {*in_noxfile("nox.options.sessions"), "floors"}, "a session is a row in checks.yml"
    assert set(run) <= sessions()
    assert all(row["session"].endswith(row["python"]) for row in matrix() if "-" in row["session"])


def test_workflows_run_the_command_of_the_readme() -> None:
    (command,) = re.findall(r"^python3 -m venv .*/nox$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    run = [line for step in steps() for line in step.get("run", "").splitlines() if "nox" in line and "venv" in line]
    assert len(run) == 2
    assert all(line.startswith(f"{command} --session ") for line in run)


def test_the_servers_of_the_tests_are_listed_in_one_place() -> None:
    (script,) = [step["run"] for step in steps() if "apt-get" in step.get("run", "")]
    command = script.partition("$(")[2].partition(")\n")[0]
    assert ".ci/run" in command
    listed = subprocess.run([BASH, "-c", command], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    assert {"redis-server", "postgresql"} <= set(listed.stdout.split())


@pytest.mark.parametrize(
    ("heading", "tag", "passes"),
    [
        ("## [1.2.3] - 2030-01-31", "v1.2.3", True),
        ("## [1.2.3] - 2030-01-31", "v1.2.4", False),
        ("## [1.2.3] - Unreleased", "v1.2.3", False),
        ("## [1.2.30] - 2030-01-31", "v1.2.3", False),
    ],
)
def test_a_tag_is_released_with_its_version_and_a_dated_changelog(
    tmp_path: Path, heading: str, tag: str, *, passes: bool
) -> None:
    (script,) = [step["run"] for step in steps() if step.get("name", "").startswith("Compare the tag")]
    (tmp_path / "mi_async").mkdir()
    (tmp_path / "mi_async" / "version.py").write_text('"""The version."""\n\nVERSION = "1.2.3"\n', encoding="utf-8")
    (tmp_path / "CHANGELOG.md").write_text(f"# Changelog\n\n{heading}\n", encoding="utf-8")
    command = [BASH, "--noprofile", "--norc", "-eo", "pipefail", "-c", script]  # as a runner of GitHub starts it
    environment = {"GITHUB_REF_NAME": tag, "PATH": "/usr/bin:/bin"}
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False, timeout=60)
    assert (result.returncode == 0) is passes


def test_the_changelog_begins_with_the_version_of_the_package() -> None:
    version = re.search(r'VERSION = "(.+)"', (ROOT / "mi_async" / "version.py").read_text(encoding="utf-8"))
    headings = re.findall(r"^## .*$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert version
    dated = re.compile(rf"## \[{re.escape(version[1])}\] - (Unreleased|\d{{4}}-\d\d-\d\d)")
    assert dated.fullmatch(headings[0]), headings[0]


def test_forms_ask_for_the_doctor_and_remind_of_secrets() -> None:
    for path in FORMS:
        text = path.read_text(encoding="utf-8")
        assert "mi-async --version --verbose" in text
        assert "No secrets" in text
        boxes = [each for each in loaded(path)["body"] if each["type"] == "checkboxes"]
        assert all(option["required"] for box in boxes for option in box["attributes"]["options"])
        assert boxes
    (doctor,) = [each for each in loaded(FORMS[0])["body"] if each.get("id") == "doctor"]
    assert doctor["validations"]["required"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_and_files_that_a_page_names_are_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for named in re.findall(r"nox -s ([a-z ]+)", text):
        assert set(named.split()) <= sessions(), named
    for script in re.findall(r"python ((?:docs|benchmarks)/\w+\.py)", text):
        assert (ROOT / script).exists(), script
    for path in re.findall(r"`((?:mi_async|tests|docs|benchmarks|examples|\.github|\.ci)/[\w./-]*)`", text):
        assert (ROOT / path).exists(), path
