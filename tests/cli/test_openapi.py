"""``mi-async openapi``: the description on stdout."""

import json

import pytest

from mi_async.api.openapi import SERVICE, describe
from mi_async.cli.app import run


def test_it_is_json(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(["openapi"]) == 0
    assert json.loads(capfdbinary.readouterr().out) == describe()


def test_for_another_server(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(["openapi", "--url", "http://127.0.0.1:8080"]) == 0
    described = json.loads(capfdbinary.readouterr().out)
    assert described["servers"] == [{"url": "http://127.0.0.1:8080"}]
    assert SERVICE not in str(described)
