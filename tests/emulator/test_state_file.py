"""State that survives a restart: all of it, written whole or not at all, and no file is harmed."""

import asyncio
import json
import shutil
import sqlite3
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

import mi_async
from mi_async import Clock, emulator
from mi_async._core.http_messages import Request
from mi_async._core.signing import sign
from mi_async.emulator import Latency, Server
from mi_async.emulator.snapshot import FORMAT, document_of, images_of
from mi_async.emulator.state_file import StateFile, save_changes
from mi_async.errors import ConfigError
from mi_async.session import Session
from tests.support.pictures import picture
from tests.support.raw import PICTURE, PRESIGN, QUICK, HandClock, emulated

SETTINGS = evolve(QUICK, analysing=Latency.constant(60), queueing=Latency.none(), importing=Latency.none())
SPEED = 20.0


@asynccontextmanager
async def kept(path: Path, settings: emulator.Settings = SETTINGS) -> AsyncIterator[tuple[Server, Session]]:
    clock = Clock(SPEED)
    async with (
        emulator.serve(settings=settings, clock=clock, state_file=path) as server,
        mi_async.connect(server.credentials, base_url=server.url, clock=clock) as session,
    ):
        yield server, session


def content(server: Server) -> Any:
    """Return all that exists, times left out."""
    document = json.loads(json.dumps(document_of(server.state), sort_keys=True))
    return {**document, "now": 0}, images_of(server.state)


async def test_everything_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "뉴스.state"
    async with kept(path) as (server, session):
        room = session.workspace("newsroom")
        person = await room.enroll_person("Gildong Hong", [PICTURE, picture("png")], tags=["Anchor"])
        await session.workspaces.create("archive", bucket_name="footage")
        number = (await room.projects.list()).projects[0].project_id
        jobs = [await room.import_asset(number, key=f"clip-{one}.mp4", bucket_name="footage") for one in range(3)]
        assets = [(await job).asset_id for job in jobs]
        tokens = [str(await room.analyze(number, asset)) for asset in assets]
        keys = {upload.key: upload.md5 for upload in server.state.uploads.values()}
        before = content(server)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    async with kept(path) as (server, session):
        assert content(server) == before
        room = session.workspace("newsroom")
        assert (await room.persons.get(person.id)).tags == person.tags
        server.clock.speed = session._settings.clock.speed = 2000.0
        for token in tokens:
            await session.job(token)
        people = [one.id async for one in room.persons.all()]
        assert len(people) > 1  # strangers, whom the analyses registered
        scenes = [(await room.indexes.get(number, asset)).extra["scenes"] for asset in assets]
        seen = {shown["personId"] for index in scenes for scene in index for shown in scene["persons"]}
        assert set(people) - {person.id} <= seen
        more = await room.enroll_person("Next", [picture("jpg", seed=3)])
        assert more.id > max(people)
        assert {key: server.state.uploads[key].md5 for key in keys} == keys


async def test_an_upload_goes_on_with_its_url(tmp_path: Path) -> None:
    path = tmp_path / "state"
    async with emulated(SETTINGS, clock=HandClock(now=1000.0), state_file=path) as raw:
        key, url = await raw.presign()
        target = url.removeprefix(raw.server.url)
    async with emulated(SETTINGS, clock=HandClock(now=1e6), state_file=path) as raw:
        assert raw.server.state.now() == 1000.0  # time stood still
        assert (await raw.put(raw.server.url + target)).status == 200
        assert await raw.check(key) == ("COMPLETED", None)
        signed = sign(Request("POST", PRESIGN), raw.server.credentials, raw.server.state.wall())
        again = (await raw.call("POST", PRESIGN, {"thumbnailFileName": "hong.jpg"}, headers=signed)).result
        assert again["thumbnailKey"] != key


async def test_a_workspace_of_the_settings_is_added(tmp_path: Path) -> None:
    async with kept(tmp_path / "state") as (server, _):
        ids = [project for room in server.state.workspaces.values() for project in room.projects]
    async with kept(tmp_path / "state", evolve(SETTINGS, workspaces=("newsroom", "archive"))) as (server, _):
        assert list(server.state.workspaces) == ["newsroom", "archive"]
        now = [project for room in server.state.workspaces.values() for project in room.projects]
        assert now[:1] == ids
        assert len(set(now)) == 2


async def seen(path: Path, tmp_path: Path) -> list[str]:
    """Return the workspaces that a file names at this moment; none while it is being written."""
    copied = Path(shutil.copy(path, tmp_path / "copy"))
    with suppress(ConfigError):
        async with kept(copied) as (server, _):
            return list(server.state.workspaces)
    return []


async def test_a_change_is_saved_soon_and_a_full_disk_is_survived(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with asyncio.timeout(120):
        await saved_soon(tmp_path, caplog)


async def saved_soon(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path, server = tmp_path / "state", Server(SETTINGS)

    def change(name: str) -> None:
        server.state.add_workspace(name, "x" * 20_000)
        server.changes += 1

    with closing(StateFile(path)) as file:
        file.load(server)
        saving = asyncio.create_task(save_changes(server, file, Clock(speed=100)))
        await asyncio.sleep(0)  # it begins with what the file has
        change("soon")
        while "soon" not in await seen(path, tmp_path):  # noqa: ASYNC110  the file tells nobody
            await asyncio.sleep(0.01)
        file._database.execute("PRAGMA max_page_count = 1")  # no smaller than it is
        change("full")
        while "could not be saved" not in caplog.text:  # noqa: ASYNC110  as above
            await asyncio.sleep(0.01)
        saving.cancel()
        await asyncio.wait([saving])
        assert await seen(path, tmp_path) == ["newsroom", "soon"]
        file._database.execute("PRAGMA max_page_count = 1000000")
        file.save(document_of(server.state), images_of(server.state), server.state.links.key)
        assert await seen(path, tmp_path) == ["newsroom", "soon", "full"]


async def refused(path: Path) -> str:
    """Return why a file cannot be used; it stays as it is."""
    before = path.read_bytes()
    with pytest.raises(ConfigError) as caught:
        async with kept(path):
            pass
    assert path.read_bytes() == before
    return str(caught.value)


async def test_a_file_that_is_none_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "state"
    path.write_text("name,image\nHong,hong.jpg\n" * 100)
    assert await refused(path) == (
        f"{path} cannot be used as a state file (file is not a database); it was not changed, name another file"
    )
    path.unlink()
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("CREATE TABLE people (name)")
    assert await refused(path) == f"{path} is no state file of an emulator; name another file"


async def test_a_file_of_another_format_or_damaged_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "state"
    async with kept(path) as (_, session):
        for number in range(40):
            await session.workspace("newsroom").persons.create(
                f"{number} {'x' * 40}", thumbnails=[], description="y" * 700
            )
    whole = path.read_bytes()
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(f"PRAGMA user_version = {FORMAT + 1}")
    assert f"has format {FORMAT + 1}, this version reads {FORMAT}" in await refused(path)
    path.write_bytes(whole[: len(whole) // 2])
    assert "cannot be used as a state file" in await refused(path)
    path.write_bytes(whole)
    for broken in ("{", "[]", "{}", json.dumps({"now": "soon"})):
        with closing(sqlite3.connect(path)) as database, database:
            database.execute("UPDATE content SET document = ?", (broken,))
        assert "cannot be used as a state file" in await refused(path)


async def test_places_where_there_is_no_file(tmp_path: Path) -> None:
    for path in (tmp_path / "none" / "state", tmp_path):
        with pytest.raises(ConfigError, match="cannot be used as a state file"):
            async with kept(path):
                pass


async def test_one_emulator_at_a_time(tmp_path: Path) -> None:
    async with kept(tmp_path / "state"):
        with pytest.raises(ConfigError, match="is in use by another emulator; end it or name another file"):
            async with kept(tmp_path / "state"):
                pass
