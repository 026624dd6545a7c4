"""``emulator``: what it prints, what it logs, what it adds up."""

import shlex

import pytest

from mi_async import Credentials, NotFoundError, Storage, connect
from mi_async.cli.app import run
from mi_async.cli.emulator import EmulatorOptions, export_lines, host_warning
from mi_async.cli.emulator_storage import looking_at
from mi_async.emulator import CREDENTIALS, Latency, Mixture, Rejection, Server
from tests.support.storage import BUCKET, bucket


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
    assert [line.partition("=")[0] for line in lines[1:]] == [
        "export NCLOUD_ACCESS_KEY_ID",
        "export NCLOUD_SECRET_ACCESS_KEY",
        "export MI_ASYNC_BASE_URL",
        "export MI_ASYNC_WORKSPACE",
    ]
    assert lines[-1].endswith("=one")
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
