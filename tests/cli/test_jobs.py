"""``jobs`` against a real emulator, in this process and in others."""

import asyncio
import json
import signal
from collections.abc import Iterator

import pytest
from attrs import evolve

import mi_async
from mi_async import Clock
from mi_async.cli.app import run
from mi_async.emulator import Fault, Latency, Server, Settings
from tests.support.newsroom import served_elsewhere
from tests.support.terminal import environment, process

SPEED = 60.0
SETTINGS = Settings(
    latency=Latency.none(),
    workspaces=("newsroom", "뉴스/룸"),
    importing=Latency(1.0),
    queueing=Latency(0.5),
    analysing=Latency(100.0),
)
LONG = evolve(SETTINGS, analysing=Latency(1e6))  # under way for as long as a test looks


@pytest.fixture
def settings() -> Settings:
    return SETTINGS


@pytest.fixture
def server(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with served_elsewhere(settings, SPEED) as running:
        for name, value in environment(running).items():
            monkeypatch.setenv(name, value)
        yield running


def begun(server: Server, workspace: str = "newsroom", key: str = "a.mp4") -> tuple[str, str]:
    """Tokens of an import that is over and of an analysis that has just begun."""

    async def begin() -> tuple[str, str]:
        async with mi_async.connect(server.credentials, base_url=server.url, clock=Clock(SPEED)) as session:
            room = session.workspace(workspace)
            number = (await room.projects.list()).projects[0].project_id
            job = await room.import_asset(number, key=key, bucket_name="footage")
            if "missing" in key:
                return str(job), ""
            analysis = await room.analyze(number, (await job).asset_id)
            return str(job), str(analysis)

    return asyncio.run(begin())


@pytest.mark.parametrize("settings", [LONG])
def test_show_tells_how_jobs_are(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    imported, analysis = begun(server, "뉴스/룸")
    assert run(["jobs", "show", imported, analysis, analysis]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["job"], row["kind"], row["phase"]) for row in rows] == [
        (imported, "import", "completed"),
        (analysis, "index", rows[1]["phase"]),
    ]
    assert rows[0]["state"] == "COMPLETED"
    assert rows[1]["phase"] in {"waiting", "running"}
    assert run(["jobs", "show", imported, "--output", "table"]) == 0
    table = capsys.readouterr().out
    assert imported in table
    assert "COMPLETED" in table


def test_wait_until_they_are_over(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    imported, analysis = begun(server)
    assert run(["jobs", "wait", analysis, imported]) == 0
    written = capsys.readouterr()
    assert [row["state"] for row in json.loads(written.out)] == ["ANALYZE_COMPLETED", "COMPLETED"]
    assert written.err.startswith("waiting for 2 jobs\n")
    assert f"{analysis}: ANALYZE_COMPLETED (" in written.err
    assert "\x1b" not in written.err


@pytest.mark.parametrize("settings", [LONG])
def test_a_wait_that_is_too_short_says_that_the_job_goes_on(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    imported, analysis = begun(server)
    assert run(["jobs", "wait", imported, analysis, "--at-most", "0.3"]) == 6
    written = capsys.readouterr()
    rows = json.loads(written.out)
    assert rows[0]["error"] is None
    assert rows[1]["error"].endswith(" after 0.3 s of waiting; it goes on")
    assert analysis not in rows[1]["error"]  # the row has it already
    said, hint = written.err.splitlines()[-2:]
    assert said == f"error: {analysis}: {rows[1]['error']}"
    assert hint == f"to wait for it again: mi-async jobs wait {analysis}"


def test_a_failed_job_is_an_exit_code_and_a_row(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    token, _ = begun(server, key="missing.mp4")
    assert run(["jobs", "wait", token]) == 1
    [row] = json.loads(capsys.readouterr().out)
    assert row["phase"] == "failed"
    assert row["state"] == "FILE_NOT_EXIST"
    assert row["error"].startswith("the import failed: FILE_NOT_EXIST")
    assert run(["jobs", "show", token, "import:newsroom:101:4711"]) == 4
    rows = json.loads(capsys.readouterr().out)
    assert rows[0]["phase"] == "failed"
    assert rows[1]["error"].startswith("assets.import_status: ")


@pytest.mark.parametrize("settings", [LONG])
def test_cancel(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    imported, analysis = begun(server)
    assert run(["jobs", "cancel", analysis, imported]) == 2
    written = capsys.readouterr()
    assert written.out == ""
    assert "the service has no call that cancels one" in written.err
    assert not server.log.arrivals["indexes.cancel"]
    assert run(["jobs", "cancel", analysis]) == 0
    [row] = json.loads(capsys.readouterr().out)
    assert row["phase"] == "cancelled"
    assert run(["jobs", "cancel", analysis]) == 5


@pytest.mark.parametrize("command", ["show", "wait", "cancel"])
@pytest.mark.parametrize("tokens", [[], ["analysis:1"], ["index:newsroom:101:1", "index"]])
def test_what_is_no_job_is_refused_before_any_request(
    command: str, tokens: list[str], server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["jobs", command, *tokens]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert not any(server.log.arrivals.values())


def test_ctrl_c_leaves_the_job_running_and_another_process_finds_it(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    _, analysis = begun(server)
    with process("jobs", "wait", analysis, env=environment(server)) as waiting:
        assert waiting.stderr is not None
        assert "waiting for 1 job" in waiting.stderr.readline()
        waiting.send_signal(signal.SIGINT)
        assert waiting.wait(60) == 130
        said = waiting.stderr.read()
        assert "the jobs go on at the service" in said
        assert "interrupted" in said
    assert not server.log.arrivals["indexes.cancel"]
    assert run(["jobs", "wait", analysis, "-o", "table"]) == 0
    assert "ANALYZE_COMPLETED" in capsys.readouterr().out


def test_a_failing_question_is_said_and_survived(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    imported, _ = begun(server)
    server.faults.next("assets.import_status", Fault.UNAVAILABLE, times=5)
    assert run(["jobs", "wait", imported]) == 0
    assert "asking failed, will ask again" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["show", "wait", "cancel"])
def test_a_missing_token_points_to_the_help_of_the_command(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["jobs", command]) == 2
    assert capsys.readouterr().err == f"error: TOKEN is missing; see mi-async jobs {command} --help\n"
