"""The command line behind a company's proxy, with a company's certificates."""

import asyncio
import os
import sys
from pathlib import Path
from typing import Protocol

import pytest

from mi_async.cli.app import run
from mi_async.cli.connection import Account
from tests.support.canned import canned, http, success
from tests.support.terminal import process
from tests.support.tls import ca_file, proxied, server_context

pytestmark = pytest.mark.slow

LISTED = success('{"content": [], "totalCount": 0, "totalPage": 0, "pageNo": 1, "pageSize": 10}')
KEYS = {"NCLOUD_ACCESS_KEY_ID": "access", "NCLOUD_SECRET_ACCESS_KEY": "s3cr3t-k3y"}


class Listing(Protocol):
    """List the workspaces with options and variables; gives the exit code and what was written to stderr."""

    async def __call__(self, *line: str, **environ: str) -> tuple[int, str]: ...


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Listing:
    for name in [name for name in os.environ if "proxy" in name.lower()]:
        monkeypatch.delenv(name)

    async def listed(*line: str, **environ: str) -> tuple[int, str]:
        with monkeypatch.context() as variables:
            for name, value in (KEYS | environ).items():
                variables.setenv(name, value)
            code = await asyncio.to_thread(run, ["workspaces", "list", *line])
        out, err = capsys.readouterr()
        assert (code == 0) == ("content" in out)
        return code, err

    return listed


async def ran_alone(*line: str, **environ: str) -> tuple[int, str]:
    """Do the same in a process of its own, since the usual certificates are read once in a process."""
    with process("workspaces", "list", *line, env=KEYS | environ) as running:
        _, err = await asyncio.to_thread(running.communicate, timeout=60)
    return running.returncode, err


@pytest.mark.parametrize("way", ["environment", "option"])
async def test_a_proxy_of_the_environment_or_of_an_option(way: str, tmp_path: Path, ran: Listing) -> None:
    tls = server_context("mi.example")
    async with canned(LISTED, tls=tls) as server, proxied("user:p4ss", ("127.0.0.1", int(server.url[-5:]))) as proxy:
        line = ["--base-url", "https://mi.example", "-vv"]
        trusted = ca_file(tmp_path)
        if way == "environment":
            ended = await ran_alone(*line, HTTPS_PROXY=proxy.url, SSL_CERT_FILE=trusted)
        else:
            ended = await ran(*line, "--proxy", proxy.url, "--ca-file", trusted, HTTPS_PROXY="http://127.0.0.1:9")
        assert ended[0] == 0, ended[1]
        assert "p4ss" not in ended[1]
        assert proxy.seen == ["CONNECT mi.example:443 HTTP/1.1"]


async def test_this_machine_is_reached_without_the_proxy_of_the_environment(ran: Listing) -> None:
    async with canned(LISTED) as server:
        ended = await ran("--base-url", server.url, HTTP_PROXY="http://127.0.0.1:9", http_proxy="http://127.0.0.1:9")
        assert ended == (0, "")


async def test_a_proxy_that_wants_a_password_and_one_that_is_none(ran: Listing) -> None:
    async with proxied("user:right") as proxy:
        code, said = await ran("--base-url", "https://mi.example", HTTPS_PROXY=proxy.url.replace("right", "p4ss"))
    assert (code, said.count("\n")) == (1, 1)
    assert "the proxy answered 407; it wants a user and a password" in said
    code, refused = await ran(HTTPS_PROXY="socks5://user:p4ss@proxy:1080")
    assert code == 2
    assert refused == (
        "error: HTTPS_PROXY must be http(s)://[user:password@]host[:port], "
        'got "socks5://***@proxy:1080"; SOCKS is not supported, name an HTTP proxy\n'
    )
    assert "p4ss" not in said


async def test_a_proxy_that_is_not_there_is_what_is_named(ran: Listing) -> None:
    code, said = await ran("--base-url", "http://127.0.0.1:8000", "--proxy", "http://127.0.0.1:1", "--timeout", "1")
    assert (code, said.count("\n")) == (1, 1)  # no second line that asks whether an emulator runs
    assert said.startswith("error: ")
    assert said.endswith(
        "http://127.0.0.1:8000/api/v1/workspaces: the proxy 127.0.0.1:1 cannot be reached: "
        "Connect call failed ('127.0.0.1', 1); check --proxy or HTTPS_PROXY / HTTP_PROXY\n"
    )


async def test_a_certificate_that_is_not_trusted_is_not_asked_whether_it_runs(ran: Listing) -> None:
    async with canned(http(), tls=server_context()) as server:
        code, said = await ran("--base-url", server.url)
    assert (code, said.count("\n")) == (1, 1)
    assert "the certificate of 127.0.0.1 is not trusted" in said
    assert "--ca-file" in said


def test_a_password_is_in_no_repr() -> None:
    assert "p4ss" not in repr(Account(proxy="http://user:p4ss@proxy:1"))


FULL = """
import asyncio, os, resource
from mi_async.cli.app import run
from mi_async.cli.connection import Account
from mi_async.errors import MIError

async def main():
    hold = []
    try:
        async with Account(base_url="http://127.0.0.1:9", timeout=4.0).session() as session:
            workspaces = session.workspaces  # loaded while it can be
            try:
                while True:
                    hold.append(os.open(os.devnull, os.O_RDONLY))
            except OSError:
                pass
            try:
                await workspaces.get("newsroom")
            finally:
                for each in hold:
                    os.close(each)
    except MIError as error:
        said = f"{error}{error.__cause__}"
        print("this process has no file descriptor left" in said, getattr(error, "__notes__", []))

resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
asyncio.run(main())
"""


async def test_a_process_without_descriptors_is_not_asked_whether_the_other_side_runs() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        FULL,
        env=os.environ | KEYS,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert out == b"True []\n", err.decode()
