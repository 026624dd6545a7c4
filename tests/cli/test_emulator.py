"""``emulator``: what it prints, what it logs, what it adds up."""

import asyncio
import re
import shlex
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mi_async import Credentials, NotFoundError, Storage, connect
from mi_async.cli.app import run
from mi_async.cli.emulator import EmulatorOptions, export_lines, host_warning
from mi_async.cli.emulator_storage import looking_at
from mi_async.emulator import CREDENTIALS, Control, Fault, Latency, Mixture, Rejection, RemoteEmulator, Server
from tests.support.storage import BUCKET, bucket
from tests.support.terminal import process


def test_settings_shell_lines_log_and_summary(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def ask(self: Server) -> None:
        async with connect(self.credentials, base_url=self.url) as session:
            for name in ("one", "two"):
                assert (await session.workspaces.get(name)).workspace_name == name
            with pytest.raises(NotFoundError):
                await session.workspaces.get("newsroom")
        assert self.settings.seed == 7
        usual = Latency.lognormal(median=1, p95=2)
        assert self.settings.latency == Mixture(((0.75, usual), (0.25, Latency.never())))
        assert (self.settings.jitter, self.settings.keep_bytes) == (0.01, False)
        assert sum(self.settings.random_faults.values()) == 0
        assert self.settings.public_url == "http://localhost:1"
        assert self.settings.cors == ("https://example.com", "http://localhost:3000")
        assert self.settings.refusals == (("persons.create", Rejection(10069)), ("persons.create", Rejection(210)))
        assert (self.settings.register_strangers, self.settings.detect_faces) == (False, False)
        assert self.clock.speed == 60

    monkeypatch.setattr(Server, "serve_forever", ask)
    words = (
        "emulator --port 0 --seed 7 --speed 60 --latency-median 1 --latency-p95 2 --workspace one --workspace two -v"
        " --unfinished 0.25 --jitter 0.01 --no-keep-bytes --no-detect-faces --no-register-strangers"
        " --refuse persons.create=10069 --refuse persons.create=210"
    )
    cors = ["--cors", "https://example.com", "--cors", "http://localhost:3000"]
    assert run([*words.split(), "--public-url", "http://localhost:1", *cors]) == 0
    written = capsys.readouterr()
    lines = written.out.splitlines()
    assert [line.partition("=")[0] for line in lines[1:5]] == [
        "export NCLOUD_ACCESS_KEY_ID",
        "export NCLOUD_SECRET_ACCESS_KEY",
        "export MI_ASYNC_BASE_URL",
        "export MI_ASYNC_WORKSPACE",
    ]
    assert lines[4].endswith("=one")
    assert re.fullmatch(r"# Look at it in a browser: http://127\.0\.0\.1:\d+/", lines[5])
    assert lines[0] == "# Media Intelligence, emulated at http://localhost:1; Ctrl-C ends it"
    assert lines[3] == "export MI_ASYNC_BASE_URL=http://localhost:1"
    assert "warning" not in written.err
    assert "GET /api/v1/workspaces/newsroom: HTTP 404 (workspace 'newsroom')\n" in written.err
    assert "3 requests, 0 of them refused with 429" in written.err


@pytest.mark.parametrize(
    ("host", "warned"),
    [("0.0.0.0", True), ("127.0.0.2", False), ("localhost", False), ("::1", False), ("198.51.100.7", True)],  # noqa: S104
)
def test_an_address_that_others_reach_is_warned_of(host: str, *, warned: bool) -> None:
    assert host_warning(host).startswith("warning: with --host") is warned


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("persons.create", "such as persons.create=10069; got 'persons.create'"),
        ("persons.make=10069", "got 'persons.make=10069'"),
        ("storage.put=10069", "got 'storage.put=10069'"),
        ("persons.create=\u0661", "got 'persons.create=\u0661'"),
        ("persons.create=10070", "no documented error 10070; give status, code and text, or one of 100, 200"),
    ],
)
def test_a_refusal_that_nobody_documents(text: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["emulator", "--port", "0", "--refuse", text]) == 2
    assert said in capsys.readouterr().err


def test_an_origin_with_a_path_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["emulator", "--port", "0", "--cors", "https://example.com/upload"]) == 2
    assert "without a path; got 'https://example.com/upload'" in capsys.readouterr().err


def test_the_shell_lines_can_be_pasted_whatever_is_in_them() -> None:
    server = Server(credentials=Credentials("key$(ls)", "it's"))
    lines = export_lines(server).splitlines()
    assert [shlex.split(line)[1:] for line in lines[1:3]] == [
        ["NCLOUD_ACCESS_KEY_ID=key$(ls)"],
        ["NCLOUD_SECRET_ACCESS_KEY=it's"],
    ]


def test_faults_are_spread() -> None:
    assert sum(EmulatorOptions(faults=0.2).settings().random_faults.values()) == pytest.approx(0.2)


async def test_what_lies_in_a_storage_is_there_in_its_size(caplog: pytest.LogCaptureFixture) -> None:
    with bucket() as s3:
        s3.put("저녁 뉴스/clip 1.mp4", bytes(1234))
        async with looking_at(Storage(s3.url), CREDENTIALS) as look:
            found = await look(BUCKET, "저녁 뉴스/clip 1.mp4")
            assert found is not None
            assert (found.size, found.format, found.flaw) == (1234, "mp4", None)
            assert await look(BUCKET, "none.mp4") is None
            assert await look("nowhere", "clip.mp4") is None
            assert not caplog.records
            s3.refuse = lambda _kind, _query: ("403 Forbidden", "AccessDenied")
            assert await look(BUCKET, "저녁 뉴스/clip 1.mp4") is None
    assert "head_object" in caplog.text
    assert CREDENTIALS.secret_key not in caplog.text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("persons.create", "such as persons.create=99999x2 or storage.put=drop-after; got 'persons.create'"),
        ("persons.create=99999x2x", "no fault '99999x2x'"),
        ("persons.craete=99999x2", "no operation 'persons.craete', did you mean persons.create"),
        ("persons.create=99999x0", "times must be >= 1, got 0"),
        ("persons.create=drop", "no fault 'drop'; there are documented codes, such as 99999, and RATE_LIMITED"),
        ("storage.put=99999", "'storage.put' is no operation"),
    ],
)
def test_a_fault_that_cannot_happen(text: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["emulator", "--port", "0", "--fail", text]) == 2
    assert said in capsys.readouterr().err


def test_faults_and_control_from_the_start(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    async def look(self: Server) -> None:
        unexpected = Rejection(99999)
        assert self.settings.faults == (
            ("persons.create", unexpected, 2),
            ("*", Fault.DROP_AFTER, 1),
            ("storage.put", Fault.UNAVAILABLE, 3),
        )
        assert [self.faults.draw("persons.create") for _ in range(3)] == [unexpected, unexpected, Fault.DROP_AFTER]
        assert self.settings.control is Control.ANYWHERE

    monkeypatch.setattr(Server, "serve_forever", look)
    words = "--fail persons.create=99999x2 --fail *=drop-after --fail storage.put=UNAVAILABLEx3 --control anywhere"
    assert run(["emulator", "--port", "0", *words.split()]) == 0
    assert "3 faults injected" in capsys.readouterr().err


def test_a_state_file_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "notes").write_text("not to be lost\n" * 100)
    assert run(["emulator", "--port", "0", "--state", str(tmp_path / "notes")]) == 2
    assert "notes cannot be used as a state file (file is not a database); it was not" in capsys.readouterr().err
    assert (tmp_path / "notes").read_text() == "not to be lost\n" * 100


@contextmanager
def emulating(path: Path) -> Iterator[tuple[RemoteEmulator, subprocess.Popen[str]]]:
    with process("emulator", "--port", "0", "--state", str(path)) as running:
        assert running.stdout is not None
        lines = [running.stdout.readline() for _ in range(5)]
        (url,) = [line.partition("=")[2].strip() for line in lines if "BASE_URL" in line]
        yield RemoteEmulator(url), running


async def create(server: RemoteEmulator, name: str) -> None:
    async with connect(server.credentials, base_url=server.url) as session:
        await session.workspace("newsroom").persons.create(name, thumbnails=[])


def names(server: RemoteEmulator) -> list[str | None]:
    return [person.name for person in server.state.persons()]


@pytest.mark.slow
def test_state_survives_a_kill_and_a_stop(tmp_path: Path) -> None:
    path = tmp_path / "emulator.state"
    with emulating(path) as (server, running):
        before = path.stat().st_mtime_ns
        asyncio.run(create(server, "Saved"))
        for _ in range(600):  # it says nothing of a save
            if path.stat().st_mtime_ns > before:
                break
            time.sleep(0.1)
        running.kill()
        running.wait(60)
    with emulating(path) as (server, running):
        assert names(server) == ["Saved"]
        asyncio.run(create(server, "Stopped"))
        running.terminate()
        assert running.wait(60) == 143
    with emulating(path) as (server, _):
        assert names(server) == ["Saved", "Stopped"]
