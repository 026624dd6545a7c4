"""The page about agents names the tools that there are, and its settings are what their formats say."""

import json
import re
import shlex
import tomllib
from pathlib import Path
from typing import Any

from mi_async.cli.app import make_app
from mi_async.integrations.mcp.tools import tools

PAGE = (Path(__file__).parents[2] / "docs" / "agents.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_the_table_has_every_tool_and_when_it_is_listed() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \|.*\| ([^|]+) \|$", PAGE, re.MULTILINE))
    expected = {}
    for tool in tools():
        needs = [*(["`--root`"] if tool.reads_files else []), *(["`--write`"] if tool.effect.name == "ADDS" else [])]
        expected[tool.name] = f"with {' and '.join(needs)}" if needs else "always"
    assert rows == expected


def test_the_settings_start_the_command() -> None:
    claude, emulated, code = map(json.loads, blocks("json"))
    (codex,) = map(tomllib.loads, blocks("toml"))
    servers: list[dict[str, Any]] = [
        claude["mcpServers"]["mi-async"],
        emulated["mcpServers"]["mi-async"],
        code["servers"]["mi-async"],
        codex["mcp_servers"]["mi-async"],
    ]
    for server in servers:
        assert server["command"] == "mi-async"
        make_app("mcp").parse_args(server["args"], exit_on_error=False, print_error=False)
    assert code["servers"]["mi-async"]["type"] == "stdio"
    lines = [line for block in blocks("sh") for line in block.splitlines() if line.startswith("mi-async mcp ")]
    shown = [shlex.split(line, comments=True)[1:] for line in lines]
    assert len(shown) == 3
    for words in shown:
        make_app("mcp").parse_args(words, exit_on_error=False, print_error=False)
