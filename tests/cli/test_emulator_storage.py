"""``emulator --with-storage``: one command, and a file can be ingested; and no file goes to the vendor by mistake."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import mi_async
from mi_async.cli.app import run
from mi_async.errors import ConfigError
from mi_async.storage.models import STORAGE_URL, Storage
from tests.support.films import film
from tests.support.newsroom import context_of, newsroom
from tests.support.terminal import process

pytestmark = pytest.mark.slow

NAMED = "media files would go to the vendor's own Object Storage: name the storage that belongs to it"


def test_one_command_is_enough(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(film(size=50_000))
    with process("emulator", "--port", "0", "--speed", "50", "--with-storage") as emulated:
        assert emulated.stdout is not None
        lines = [emulated.stdout.readline() for _ in range(6)]
        names = dict(shlex.split(line)[1].split("=", 1) for line in lines[1:])
        assert names["MI_ASYNC_STORAGE_URL"].startswith("http://127.0.0.1:")
        command = [sys.executable, "-m", "mi_async", "ingest", str(clip)]
        found = subprocess.run(
            command, env={**os.environ, **names}, capture_output=True, text=True, check=False, timeout=60
        )
        assert found.returncode == 0, found.stderr
        told = json.loads(found.stdout)
        assert (told["object"], told["sent"]) == ("s3://footage/clip.mp4", 50_000)


def test_one_storage_is_enough(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["emulator", "--with-storage", "--storage-url", "http://127.0.0.1:1"]) == 2
    assert "give --with-storage or --storage-url, not both" in capsys.readouterr().err


def test_without_moto_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "moto", None)
    assert run(["emulator", "--with-storage"]) == 2
    assert "--with-storage needs moto: pip install 'mi-async[emulator]'" in capsys.readouterr().err


async def test_no_file_goes_to_the_vendor_by_mistake(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(film(size=50_000))
    async with newsroom() as room:
        before = room.server.log.answers.total()

        async def listed() -> None:
            async for _ in room.workspace.stored_assets("s3://footage/in/"):
                pass

        ways: dict[str, Any] = {
            "ingest": lambda: room.workspace.ingest_asset(clip, bucket="footage"),
            "ingest an object": lambda: room.workspace.ingest_asset("s3://footage/clip.mp4"),
            "list": listed,
        }
        for way in ways.values():
            with pytest.raises(ConfigError, match=NAMED):
                await way()
        run_ = room.workspace.ingest_many([mi_async.AssetInput(clip)], journal=tmp_path / "j", bucket="footage")
        with pytest.raises(ConfigError, match=NAMED):
            async for _ in run_:
                pass
        assert room.server.log.answers.total() == before
        assert not (tmp_path / "j").exists()


KEYS = mi_async.Credentials("access", "secret")


@pytest.mark.parametrize(
    ("base_url", "storage", "may"),
    [
        ("https://mi.apigw.ntruss.com", None, True),
        ("https://mi.apigw.gov-ntruss.com", None, False),
        ("https://ntruss.com.example", None, False),
        ("http://127.0.0.1:8080", None, False),
        ("http://127.0.0.1:8080", Storage("http://127.0.0.1:5000"), True),
        ("http://127.0.0.1:8080", Storage(STORAGE_URL), True),
    ],
)
async def test_where_media_files_may_go(base_url: str, storage: Storage | None, may: bool) -> None:
    async with mi_async.connect(KEYS, base_url=base_url, storage=storage) as session:
        connection = context_of(session.workspace("newsroom")).store.connection
        if may:
            connection.check_meant()
        else:
            with pytest.raises(ConfigError) as caught:
                connection.check_meant()
            assert str(caught.value).startswith(f"{base_url} is not the service, and {NAMED}")


def test_the_command_line_refuses_it_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(film(size=50_000))
    monkeypatch.delenv("MI_ASYNC_STORAGE_URL", raising=False)
    monkeypatch.setenv("NCLOUD_ACCESS_KEY_ID", "access")
    monkeypatch.setenv("NCLOUD_SECRET_ACCESS_KEY", "secret")
    words = ["--base-url", "http://127.0.0.1:1", "--workspace", "newsroom"]
    assert run(["ingest", str(clip), "--bucket", "footage", *words]) == 2
    assert NAMED in capsys.readouterr().err
