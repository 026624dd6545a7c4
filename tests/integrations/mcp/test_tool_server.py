"""Tools as an agent's client sees them: every one of them, what is never there, and what hostile arguments get."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

import mi_async
from mi_async import RetryPolicy
from mi_async._core.operation import Quota
from mi_async.api import operations
from mi_async.archive_workflows import ArchiveWorkflows
from mi_async.emulator import Fault, Latency, Settings
from mi_async.integrations.mcp import operation_tool
from mi_async.integrations.mcp.tool_results import REMOVED
from mi_async.workspace_part import WorkspacePart
from tests.support.agents import MODES, Agent, Heard, agent, names, texts
from tests.support.footage import first_project, footage, keywords
from tests.support.newsroom import Newsroom, newsroom, nothing_held
from tests.support.terminal import JPG, PICTURES

NONE = Latency.none()
SETTINGS = Settings(latency=NONE, importing=NONE, queueing=NONE, analysing=NONE, searching=NONE)
LONG = evolve(SETTINGS, analysing=Latency(1e6))
FACE = Path(JPG).name
READING = ["find_person", "search_scenes", "job_state", "wait_for_job", "quota", "call_operation"]
PATIENCE = 60.0
ONCE = RetryPolicy(max_attempts=1)


@pytest.mark.parametrize("mode", MODES)
async def test_effects_are_not_even_listed_without_write(mode: str) -> None:
    async with newsroom(SETTINGS) as news:
        async with agent(news, mode=mode) as bare:
            assert names((await bare.client.list_tools()).tools) == READING
        async with agent(news, PICTURES, mode=mode) as reading:
            listed = (await reading.client.list_tools()).tools
            assert names(listed) == [*READING[:-1], "bulk_report", "call_operation"]
            assert all(tool.annotations and tool.annotations.read_only_hint for tool in listed)
            with pytest.raises(Exception, match="no tool is called 'enroll_person'"):
                await reading.client.call_tool("enroll_person", {"name": "홍길동", "images": [FACE]})
        async with agent(news, write=True, mode=mode) as without_folder:
            assert names((await without_folder.client.list_tools()).tools) == READING
        assert not list(news.server.log.arrivals)


async def test_writing_tools_add_and_destroy_nothing() -> None:
    async with newsroom(SETTINGS) as news, agent(news, PICTURES, write=True) as writing:
        listed = {tool.name: tool for tool in (await writing.client.list_tools()).tools}
    adding = {name for name, tool in listed.items() if tool.annotations and not tool.annotations.read_only_hint}
    assert adding == {"enroll_person", "ingest_media"}
    for tool in listed.values():
        assert tool.annotations is not None
        assert tool.annotations.destructive_hint is False
        assert tool.annotations.idempotent_hint is True
        assert tool.input_schema["additionalProperties"] is False
        assert all(each["description"] for each in tool.input_schema["properties"].values())
    local = {name for name, tool in listed.items() if tool.annotations and not tool.annotations.open_world_hint}
    assert local == {"quota", "bulk_report"}


async def test_no_agent_reaches_what_needs_a_confirmed_plan() -> None:
    parts = [part for part in ArchiveWorkflows.__mro__ if issubclass(part, WorkspacePart)]
    workflows = [name for part in parts for name in vars(part) if not name.startswith("_")]
    assert {"curate", "sync", "plan_curation", "plan_sync"} <= set(workflows)
    final = [each.id for each in operations() if each.name.startswith(("delete", "merge", "remove", "cancel"))]
    assert {"persons.merge", "assets.delete"} <= set(final)
    async with newsroom(SETTINGS) as news, agent(news, PICTURES, write=True) as writing:
        listed = (await writing.client.list_tools()).tools
        assert not {tool.name for tool in listed} & {*workflows, *final}
        assert not [tool.name for tool in listed if {"confirm", "plan"} & set(tool.input_schema["properties"])]
        for name in workflows:
            with pytest.raises(Exception, match=f"no tool is called '{name}'"):
                await writing.client.call_tool(name, {})
        for name in final:
            answer = await writing.client.call_tool("call_operation", {"operation": name, "arguments": {}})
            assert answer.is_error
        assert not list(news.server.log.arrivals)


def test_only_gets_can_be_called_by_name() -> None:
    reads = {each.id for each in operations() if each.method == "GET" and each.deprecated is None}
    assert set(operation_tool.readable()) == reads
    assert "persons.get(person_id)" in operation_tool.listing()
    assert "persons.list(page_num?, page_size?, name?, tag_ids?)" in operation_tool.listing()


@pytest.mark.parametrize("mode", MODES)
async def test_a_person_is_enrolled_once_and_found(mode: str) -> None:
    heard = Heard()
    async with newsroom(SETTINGS) as news, agent(news, PICTURES, write=True, mode=mode) as writing:
        given = {"name": "홍길동", "images": [FACE], "tags": ["Anchor"]}
        made = await writing.client.call_tool("enroll_person", given, progress_callback=heard)
        number = made.structured_content["person"]["id"]
        assert texts(made)[0] == f"person {number} has 1 images"
        again = await writing.refused("enroll_person", **given)
        assert f"in use by person {number}" in again
        assert "if_exists complete" in again
        more = await writing.tell("enroll_person", name="홍길동", images=["ama-mensah.webp"], if_exists="complete")
        assert more["person"]["images"] == 2
        decomposed = await writing.tell("find_person", name="홍길동")
        assert decomposed == {
            "persons": [{"id": number, "name": "홍길동", "description": None, "tags": ["Anchor"], "images": 2}],
            "total": 1,
            "left": 0,
            "page_num": 1,
        }
        assert len(news.thumbnails()) == 2
    assert heard.lines[0].endswith("presigned")


async def test_pages_say_what_is_left() -> None:
    async with newsroom(SETTINGS) as news, agent(news) as reading:
        for number in range(3):
            await news.workspace.enroll_person(f"Anchor {number}", [JPG])
        first = await reading.tell("find_person", name="Anchor", page_size=2)
        assert (len(first["persons"]), first["total"], first["left"]) == (2, 3, 1)
        last = await reading.tell("find_person", name="Anchor", page_size=2, page_num=2)
        assert (len(last["persons"]), last["left"]) == (1, 0)
        assert (await reading.tell("find_person", name="Anchor", page_num=9))["left"] == 0


async def test_operations_answer_without_presigned_links() -> None:
    async with newsroom(SETTINGS) as news, agent(news) as reading:
        person = await news.workspace.enroll_person("Hong", [JPG])
        link = (await news.workspace.persons.get(person.id)).thumbnails[0].url
        answer = await reading.client.call_tool(
            "call_operation", {"operation": "persons.get", "arguments": {"person_id": person.id}}
        )
        whole = answer.model_dump_json()
        assert "?" in link
        assert link.partition("?")[2] not in whole
        assert REMOVED in whole
        page = await reading.tell("call_operation", operation="persons.list")
        assert page["result"]["pageSize"] == operation_tool.PAGE_SIZE
        rooms = await reading.tell("call_operation", operation="workspaces.list", arguments={})
        assert rooms["result"]["content"][0]["workspaceName"] == "newsroom"


async def test_scenes_are_found_and_bounded() -> None:
    async with newsroom(SETTINGS) as news, agent(news) as reading:
        (asset,) = await footage(news.workspace, "a.mp4", scene_range=mi_async.SceneRange.EXTRA_SHORT)
        word = (await keywords(news.workspace, asset))[0]
        found = await reading.tell("search_scenes", text=word, limit=1)
        assert [scene["asset_id"] for scene in found["scenes"]] == [asset]
        every = await reading.tell("search_scenes", text=word, limit=50)
        assert found["more"] is (len(every["scenes"]) > 1)
        assert every["more"] is False
        both = await reading.refused("search_scenes", text=word, project_ids=[1], asset_ids=[asset])
        assert "project_ids" in both


@pytest.mark.parametrize("mode", MODES)
async def test_jobs_are_seen_waited_for_and_left_alone(mode: str) -> None:
    async with newsroom(LONG) as news, agent(news, mode=mode, heartbeat=0.01) as reading:
        project = await first_project(news.workspace)
        imported = await news.workspace.import_asset(project, key="a.mp4", bucket_name="footage")
        over = await reading.tell("wait_for_job", job=str(imported))
        assert (over["phase"], over["over"]) == ("completed", True)
        job = str(await news.workspace.analyze(project, (await imported).asset_id))
        assert (await reading.tell("job_state", job=job))["over"] is False
        still = await reading.tell("wait_for_job", job=job, at_most=1)
        assert (still["phase"], still["over"]) == ("running", False)

        heard = Heard(2)  # the second is a heartbeat
        call = reading.client.call_tool("wait_for_job", {"job": job, "at_most": 3600}, progress_callback=heard)
        waiting = asyncio.create_task(call)
        await asyncio.wait_for(heard.enough.wait(), PATIENCE)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await until_idle(reading)
        assert (await reading.tell("job_state", job=job))["over"] is False
        assert set(heard.lines) == {f"{job}: ANALYZING"}
        await news.workspace.job(job).cancel()
        ended = await reading.tell("wait_for_job", job=job)
        assert (ended["phase"], ended["over"]) == ("cancelled", True)
        assert "is a job of the workspace 'other'" in await reading.refused("job_state", job="index:other:1:2")
        assert "no job is named" in await reading.refused("wait_for_job", job="http://evil/?X-Amz-Signature=1")
        assert nothing_held(news.session)


async def until_idle(one: Agent) -> None:
    """Wait until no call is in flight."""

    for task in list(one.tools._running):
        await asyncio.wait((task,), timeout=PATIENCE)
    assert not one.tools._running


async def test_calls_in_flight_end_with_the_client() -> None:
    async with newsroom(LONG) as news:
        async with agent(news) as reading:
            project = await first_project(news.workspace)
            asset = await (await news.workspace.import_asset(project, key="a.mp4", bucket_name="footage"))
            job = str(await news.workspace.analyze(project, asset.asset_id))
            heard = Heard()
            call = reading.client.call_tool("wait_for_job", {"job": job, "at_most": 3600}, progress_callback=heard)
            waiting = asyncio.create_task(call)
            await asyncio.wait_for(heard.enough.wait(), PATIENCE)
            assert reading.tools._running
        assert not reading.tools._running
        await asyncio.wait((waiting,), timeout=PATIENCE)
        assert waiting.cancelled() or waiting.exception() is not None
        assert nothing_held(news.session)


HOSTILE: list[tuple[str, dict[str, Any], str]] = [
    ("find_person", {}, "name is missing"),
    ("find_person", {"name": 5}, "name: expected a string"),
    ("find_person", {"name": ["Hong"]}, "name: expected a string"),
    ("find_person", {"name": "h" * 100_000}, "name needs 2 to 50 characters; it has 100000"),
    ("find_person", {"name": "a;b"}, "name"),
    ("find_person", {"name": "Hong", "page_size": 51}, "page_size needs 1 to 50"),
    ("find_person", {"name": "Hong", "page_size": True}, "page_size: expected an integer"),
    ("find_person", {"name": "Hong", "page_num": 0}, "page_num needs"),
    ("find_person", {"name": "Hong", "delete": 1}, "unknown argument 'delete'"),
    ("search_scenes", {"text": "goal", "limit": 10**30}, "limit"),
    ("search_scenes", {"text": "goal", "persons": ["1"]}, "persons[0]"),
    ("search_scenes", {"text": "goal", "persons": list(range(1, 102))}, "100"),
    ("search_scenes", {"text": "a|b"}, "text"),
    ("wait_for_job", {"job": "index:newsroom:1:2", "at_most": 10**9}, "at_most needs 1 to 3600"),
    ("wait_for_job", {"job": "index:newsroom:../x:2"}, "no job is named"),
    ("call_operation", {"operation": "persons.delete"}, "is no operation without an effect"),
    ("call_operation", {"operation": "persons.merge"}, "is no operation without an effect"),
    ("call_operation", {"operation": "thumbnails.presign"}, "is no operation without an effect"),
    ("call_operation", {"operation": "__class__.__init__"}, "is no operation without an effect"),
    ("call_operation", {"operation": "persons.get"}, "persons.get needs person_id"),
    ("call_operation", {"operation": "persons.get", "arguments": {"person_id": "1/../2"}}, "expected an integer"),
    ("call_operation", {"operation": "persons.get", "arguments": {"person_id": 1, "self": 2}}, "unknown argument"),
    ("call_operation", {"operation": "persons.get", "arguments": [1]}, "arguments"),
    ("call_operation", {"operation": "workspaces.get", "arguments": {"workspace_name": "../x"}}, ""),
    ("enroll_person", {"name": "Hong", "images": []}, "images needs"),
    ("enroll_person", {"name": "Hong", "images": [FACE] * 101}, "images needs"),
    ("enroll_person", {"name": "Hong", "images": FACE}, "images"),
    ("enroll_person", {"name": "Hong", "images": ["/etc/passwd"]}, "outside the folders"),
    ("enroll_person", {"name": "Hong", "images": ["../../../app.py"]}, "outside the folders"),
    ("enroll_person", {"name": "Hong", "images": ["https://example.com/a.jpg"]}, "no such file"),
    ("enroll_person", {"name": "Hong", "images": ["a\0.jpg"]}, "null character"),
    ("enroll_person", {"name": "Hong", "images": [FACE], "if_exists": "delete"}, "must be one of error, complete"),
    ("enroll_person", {"name": "", "images": [FACE]}, "name"),
    ("ingest_media", {"path": FACE, "bucket": "theirs"}, "unknown argument 'bucket'"),
    ("ingest_media", {"path": "s3://theirs/secret.mp4"}, "no such file"),
    ("bulk_report", {"journal": "postgresql://user:hunter2@host/db"}, "no such file"),
    ("bulk_report", {"journal": "/etc/hostname"}, "outside the folders"),
    ("bulk_report", {"journal": FACE}, "journal"),
]


async def test_hostile_arguments_are_refused_in_a_sentence() -> None:
    async with newsroom(SETTINGS, retry=ONCE) as news, agent(news, PICTURES, write=True) as writing:
        for tool, arguments, said in HOSTILE:
            message = await writing.refused(tool, **arguments)
            assert said.casefold() in message.casefold(), (tool, arguments, message)
            assert len(message) < 1500
            assert "Traceback" not in message
        assert not news.thumbnails()
        with pytest.raises(Exception, match="no tool is called"):
            await writing.client.call_tool("persons.delete", {"person_id": 1})


async def test_a_mistake_of_ours_is_told_without_its_inside(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with newsroom(SETTINGS) as news, agent(news) as reading:
        monkeypatch.setattr(type(news.session), "quota", None)
        message = await reading.refused("quota")
    assert message == "quota failed by a mistake of mi-async (AttributeError); its log says more"
    assert "quota failed" in caplog.text


async def test_the_service_away_and_a_quota_that_is_used_up() -> None:
    async with (
        newsroom(SETTINGS, retry=ONCE, quotas={"search.request": Quota(1, 6000)}, max_wait=1) as news,
        agent(news) as reading,
    ):
        news.server.faults.next("persons.get", Fault.UNAVAILABLE)
        away = await reading.client.call_tool(
            "call_operation", {"operation": "persons.get", "arguments": {"person_id": 1}}
        )
        assert away.is_error
        assert away.structured_content["status"] == 503
        await reading.tell("search_scenes", text="goal")
        full = await reading.client.call_tool("search_scenes", {"text": "goal"})
        assert full.is_error
        assert full.structured_content["error"] == "QuotaWaitError"
        assert full.structured_content["retry_after"] > 0
        assert f"try again after {full.structured_content['retry_after']} s" in texts(full)[0]
        used = {each["operation"]: each["used"] for each in (await reading.tell("quota"))["quotas"]}
        assert used["search.request"] == 1
        news.server.faults.next("persons.search", Fault.DROP_BEFORE)
        assert "try again later" in await reading.refused("find_person", name="Hong")
        refused = evolve(news.server.credentials, secret_key="another")
        async with mi_async.connect(refused, base_url=news.server.url, retry=ONCE) as session:
            stranger = Newsroom(news.server, session, session.workspace("newsroom"))
            async with agent(stranger) as outside:
                assert "a person has to look at the keys" in await outside.refused("find_person", name="Hong")


async def test_what_a_failure_has_left_behind_is_told() -> None:
    async with newsroom(SETTINGS, retry=ONCE) as news, agent(news, PICTURES, write=True) as writing:
        news.server.faults.next("persons.create", Fault.INTERNAL_ERROR)
        failed = await writing.client.call_tool("enroll_person", {"name": "Hong", "images": [FACE], "tags": ["A"]})
        assert failed.is_error
        assert failed.structured_content["exists_already"]["tag_ids"] == {"A": 1001}
        assert "exists already" in texts(failed)[0]


async def test_the_report_of_a_journal(tmp_path: Path) -> None:
    async with newsroom(SETTINGS) as news, agent(news, tmp_path) as reading:
        people = [mi_async.PersonInput("Hong", [JPG]), mi_async.PersonInput("Hong", [JPG])]
        await news.workspace.enroll_many(people, journal=tmp_path / "run.journal")
        answer = await reading.client.call_tool("bulk_report", {"journal": "run.journal"})
        assert not answer.is_error
        report = answer.structured_content["report"]
        assert report["counts"] == {"done": 1, "rejected": 1}
        assert "DUPLICATE" in json.dumps(report)
        assert answer.structured_content["text"] in texts(answer)[0]


async def test_calls_run_beside_each_other() -> None:
    async with newsroom(evolve(SETTINGS, latency=Latency.constant(0.5))) as news, agent(news) as reading:
        found = await asyncio.gather(*[reading.tell("find_person", name="Hong") for _ in range(20)])
        assert [each["total"] for each in found] == [0] * 20
