"""Every declared operation is a command: derived, documented, and true to the service."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import get_args

import pytest

from mi_async._core.declare import Group, operation
from mi_async._core.operation import Operation, Repeat
from mi_async.api import operations
from mi_async.api.persons import PersonThumbnail, ThumbnailInput
from mi_async.cli.app import run
from mi_async.cli.operations import command_parameter, operations_app
from mi_async.emulator import Server
from mi_async.models import OpenEnum, Page
from tests.support.cases import sampled

pytestmark = pytest.mark.usefixtures("reachable")


@pytest.mark.parametrize("declared", sampled(operations(), 6), ids=lambda declared: declared.id)
def test_each_operation_documents_itself(declared: Operation, capsys: pytest.CaptureFixture[str]) -> None:
    group, name = declared.group.replace("_", "-"), declared.name.replace("_", "-")
    assert run([group, name, "--help"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert declared.source in text
    assert declared.repeat.value in text
    # A long path is broken in the middle of a word at the width of the terminal.
    assert f"{declared.method}{declared.path}" in text.replace(" ", "")
    for parameter in declared.parameters:
        assert f"--{parameter.name.replace('_', '-')}" in text
    if declared.quota is not None:
        assert f"{declared.quota.calls:,} calls per {declared.quota.period:g} s" in text


def test_results_are_json_in_the_spelling_of_the_service(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["person-tags", "create", "앵커"]) == 0
    text = capsys.readouterr().out
    assert "앵커" in text
    number = json.loads(text)["id"]
    assert run(["person-tags", "list", "--page-size", "10", "--tag-id", str(number)]) == 0
    page = json.loads(capsys.readouterr().out)
    assert [tag["name"] for tag in page["content"]] == ["앵커"]
    assert page["pageSize"] == 10
    assert run(["person-tags", "delete", str(number)]) == 0
    assert json.loads(capsys.readouterr().out) is None
    assert number not in server.state.workspace("newsroom").tags


def test_all_walks_every_page_into_one_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["person-tags", "list", "--all"]) == 0
    assert json.loads(capsys.readouterr().out) == []
    for number in range(5):
        assert run(["person-tags", "create", f"tag {number}"]) == 0
    capsys.readouterr()
    assert run(["person-tags", "list", "--all", "--page-size", "2"]) == 0
    assert [tag["name"] for tag in json.loads(capsys.readouterr().out)] == [f"tag {n}" for n in range(5)]
    assert run(["person-tags", "list", "--all", "--page-size", "2", "--output", "table"]) == 0
    text = capsys.readouterr().out
    assert all(f"tag {number}" in text for number in range(5))


def test_an_account_operation_needs_no_workspace(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("MI_ASYNC_WORKSPACE")
    assert run(["workspaces", "create", "my-workspace", "--bucket-name", "b"]) == 0
    assert run(["workspaces", "get", "my-workspace", "--output", "table"]) == 0
    out = capsys.readouterr().out
    assert "my-workspace" in out
    assert run(["person-tags", "list"]) == 2
    assert "--workspace is missing (or set MI_ASYNC_WORKSPACE)" in capsys.readouterr().err
    assert run(["person-tags", "list", "--workspace", "my-workspace"]) == 0


def test_models_are_given_as_json_and_lists_by_repeating(capsys: pytest.CaptureFixture[str]) -> None:
    first, second = '{"thumbnailKey": "k"}', '{"thumbnailKey": "l", "isPrimaryThumbnail": true}'
    assert run(["persons", "create", "Ama", "--thumbnails", first, "--thumbnails", second]) == 1
    assert "persons.create" in capsys.readouterr().err  # sent, and refused: there are no such keys
    assert run(["persons", "list", "--tag-ids", "1", "--tag-ids", "2"]) == 0
    assert json.loads(capsys.readouterr().out)["content"] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"thumbnailKey": 3}', "expected a string, got an integer"),
        ("{}", "thumbnailKey"),
        ("[", "not JSON"),
    ],
)
def test_json_that_does_not_fit_is_a_mistake_of_the_user(
    text: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        run(["persons", "set-thumbnails", "1001", "--thumbnails", '{"thumbnailKey": "k"}', "--thumbnails", text]) == 2
    )
    error = capsys.readouterr().err
    assert said in error
    assert "--thumbnails" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("declared", list(operations()), ids=lambda declared: declared.id)
def test_what_may_be_left_out_may_be_none(declared: Operation) -> None:
    # cyclopts validates defaults too as soon as pydantic is imported by anybody.
    for parameter in [command_parameter(p) for p in declared.parameters]:
        kind = get_args(parameter.annotation)[0]
        assert (parameter.default is None) is (type(None) in get_args(kind))


def test_the_help_tells_meanings_and_bounds(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["persons", "update", "--help"]) == 0
    text = capsys.readouterr().out
    for said in ("ID of the person", "1 to 50 characters, not blank", "ID of the primary thumbnail"):
        assert said in text
    assert run(["persons", "create", "--help"]) == 0
    assert "isPrimaryThumbnail; may be" in " ".join(capsys.readouterr().out.replace("│", " ").split())


class Mood(OpenEnum):
    """How somebody looks."""

    GLAD = "GLAD"


class Extras(Group):
    """A group that was declared just now."""

    @operation("POST /workspaces/{workspace_name}/extras/{extra_id}", repeat=Repeat.SAFE, source="an-extra-page")
    async def attach_all(
        self,
        extra_id: int,
        *,
        mood: Mood,
        moods: Sequence[Mood] = (),
        since: datetime | None = None,
        wide: bool | None = None,
        options: Mapping[str, int] | None = None,
        item: ThumbnailInput | None = None,
        score: float = 0.5,
    ) -> Page[PersonThumbnail]:
        """Do something new."""
        raise NotImplementedError


def test_a_newly_declared_operation_is_there_by_itself() -> None:
    app = operations_app("extras", Extras)
    command, bound, _ = app.parse_args(
        [
            *(
                "attach-all",
                "7",
                "--mood",
                "NEW",
                "--moods",
                "GLAD",
                "--moods",
                "SAD",
                "--since",
                "2026-01-02T03:04:05",
            ),
            *("--no-wide", "--options", '{"a": 1}', "--item", '{"thumbnailKey": "k"}', "--score", "0.25"),
        ],
        exit_on_error=False,
    )
    assert command is not None
    given = dict(bound.arguments)
    assert given.pop("service").workspace == "newsroom"
    assert given == {
        "extra_id": 7,
        "mood": Mood("NEW"),
        "moods": [Mood.GLAD, Mood("SAD")],
        "since": datetime(2026, 1, 2, 3, 4, 5),  # noqa: DTZ001  without a zone, as the service writes it
        "wide": False,
        "options": {"a": 1},
        "item": ThumbnailInput("k"),
        "score": 0.25,
    }


def test_members_that_the_service_does_not_know_are_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["search", "request", '{"text_query": "ship"}', "-w", "newsroom"]) == 2
    error = capsys.readouterr().err
    assert "unknown member text_query" in error
    assert "textQuery" in error


def test_a_list_may_be_one_json_array_and_empty(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["persons", "create", "A", "--thumbnails", "[]"]) == 0
    assert json.loads(capsys.readouterr().out)["personId"]
    assert not next(iter(server.state.persons())).thumbnails


def test_what_the_vendor_removes_says_so(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["indexes", "list-by-asset", "1", "2"]) == 4
    assert "deprecated: the vendor removes it in January 2027; use indexes get" in capsys.readouterr().err
    assert run(["indexes", "list-by-asset", "--help"]) == 0
    assert "Deprecated: the vendor removes it" in capsys.readouterr().out
    assert server.log.count("indexes.list_by_asset") == 1


def test_a_limit_asks_for_no_page_after_it(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(5):
        assert run(["person-tags", "create", f"limited {number}"]) == 0
    capsys.readouterr()
    before = server.log.count("person_tags.list")
    line = ["person-tags", "list", "--page-size", "2", "--limit", "4", "-o", "jsonl", "--columns", "name"]
    assert run(line) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    assert all(set(json.loads(each)) == {"name"} for each in lines)
    assert server.log.count("person_tags.list") == before + 2


@pytest.mark.parametrize("limit", ["0", "-1"])
@pytest.mark.parametrize("command", ["person-tags list", "search ship"])
def test_a_limit_of_nothing_is_refused(command: str, limit: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*command.split(), "--limit", limit]) == 2
    assert "--limit" in capsys.readouterr().err


def test_columns_are_no_thing_of_json(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    before = len(server.log.arrivals)
    assert run(["persons", "list", "--columns", "id"]) == 2
    assert "--columns is for --output table, csv or jsonl" in capsys.readouterr().err
    assert len(server.log.arrivals) == before
