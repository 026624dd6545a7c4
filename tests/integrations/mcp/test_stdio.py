"""``mi-async mcp`` as a process: the protocol alone on stdout, and an end for every way to end it."""

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from mcp import Client
from mcp.client.stdio import stdio_client

from mi_async.cli.app import run
from mi_async.emulator import Latency, Server, Settings
from mi_async.integrations.mcp.stdio import LONGEST_LINE
from tests.support.agents import command_line, names, texts
from tests.support.terminal import JPG, PICTURES, served

NONE = Latency.none()
SETTINGS = Settings(latency=NONE, importing=NONE, queueing=NONE, analysing=Latency(1e6), searching=NONE)
pytestmark = pytest.mark.slow

CAP = 120.0
HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with served(SETTINGS) as running:
        yield running


def line(message: object) -> bytes:
    return json.dumps(message).encode() + b"\n"


def spawn(server: Server, *options: str) -> "subprocess.Popen[bytes]":
    start = command_line(server, *options)
    return subprocess.Popen(
        [start.command, *start.args],
        env={**os.environ, **(start.env or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


async def test_the_official_client_enrolls_and_finds_somebody(server: Server) -> None:
    async with Client(stdio_client(command_line(server, "--root", str(PICTURES), "--write"))) as client:
        listed = names((await client.list_tools()).tools)
        assert "enroll_person" in listed
        assert len(listed) == 9
        made = await client.call_tool("enroll_person", {"name": "홍길동", "images": [Path(JPG).name]})
        assert not made.is_error, texts(made)
        found = await asyncio.gather(*[client.call_tool("find_person", {"name": "홍길동"}) for _ in range(5)])
        assert {each.structured_content["total"] for each in found} == {1}


def test_stdout_is_the_protocol_and_a_signal_ends_a_server_that_waits_for_its_client(server: Server) -> None:
    with spawn(server, "-vv") as running:
        assert running.stdin is not None
        assert running.stdout is not None
        running.stdin.write(line(HELLO))
        running.stdin.flush()
        answer = json.loads(running.stdout.readline())
        assert answer["id"] == 1
        assert "newsroom" in answer["result"]["instructions"]
        running.stdin.write(line({"jsonrpc": "2.0", "method": "notifications/initialized"}))
        call = {"name": "find_person", "arguments": {"name": "nobody"}}
        running.stdin.write(line({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call}))
        running.stdin.flush()
        assert json.loads(running.stdout.readline())["id"] == 2
        running.send_signal(signal.SIGTERM)  # its stdin stays open
        assert running.wait(CAP) == 143
        assert running.stdout.read() == b""
        assert running.stderr is not None
        logged = running.stderr.read().decode()
    assert "persons/search: HTTP 200" in logged
    assert "Traceback" not in logged


def test_the_end_of_stdin_ends_the_server_and_so_does_a_message_that_is_too_long(server: Server) -> None:
    sent = b"no json\n" + line(HELLO) + b"x" * (LONGEST_LINE + 70_000)
    with spawn(server) as running:
        out, err = running.communicate(sent, timeout=CAP)
    assert running.returncode == 0
    assert b"Traceback" not in err
    assert all(json.loads(each)["jsonrpc"] == "2.0" for each in out.splitlines())
    assert b"a message of the client is longer" in err


def test_a_client_that_stops_reading_ends_the_server(server: Server) -> None:
    with spawn(server, "--write") as running:
        assert running.stdin is not None
        assert running.stdout is not None
        running.stdout.close()
        running.stdin.write(line(HELLO))
        running.stdin.flush()
        assert running.wait(CAP) == 0
        assert running.stderr is not None
        told = running.stderr.read().decode()
    assert "--write needs --root DIR" in told
    assert "Traceback" not in told


def test_a_folder_that_is_none_is_a_mistake_in_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["mcp", "--workspace", "newsroom", "--root", "/nothing"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "error: --root /nothing: no such folder" in err
