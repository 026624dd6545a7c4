"""The API as declared, against the examples of the vendor's pages."""

import json
from contextlib import nullcontext
from typing import Any

import pytest

import mi_async
from mi_async import api
from mi_async._core import convert
from mi_async._core.envelope import open_envelope
from mi_async._core.http_messages import Request, Response
from mi_async.api.assets import ImportStatus
from mi_async.api.indexes import AnalysisStatus, Indexes
from mi_async.api.persons import Persons
from mi_async.api.projects import Projects
from mi_async.api.query_assets import QueryAssets
from mi_async.api.scene_summaries import SummaryStatus
from mi_async.api.search import SearchStatus
from mi_async.api.thumbnails import UploadMessage, UploadStatus
from mi_async.api.workspaces import Workspaces
from mi_async.models import Model
from tests.support.contract import CONTRACT
from tests.support.contract_people import PERSON, THUMBNAIL
from tests.support.documented import Documented
from tests.support.recorder import Recorder, receive

each_page = pytest.mark.parametrize("page", CONTRACT, ids=lambda page: page.id)


def bound(page: Documented, recorder: Recorder) -> Any:
    """The method that a user calls for an operation."""
    group, _, verb = page.id.partition(".")
    account = {"workspaces": Workspaces, "query_assets": QueryAssets}
    owner = (
        account[group](recorder) if group in account else getattr(api.WorkspaceGroups(recorder, "my-workspace"), group)
    )
    return getattr(owner, verb)


async def call(page: Documented, recorder: Recorder) -> Any:
    """Make the documented call as a user does."""
    method = bound(page, recorder)
    kinds = {p.name: p.kind for p in method.operation.parameters}
    arguments = {name: convert.structurer(kinds[name])(value) for name, value in page.call.items()}
    with pytest.warns(DeprecationWarning, match=f"use {page.successor}") if page.successor else nullcontext():
        return await method(**arguments)


@each_page
async def test_the_documented_request(page: Documented) -> None:
    recorder = Recorder()
    await call(page, recorder)
    request = recorder.request
    assert (request.method, request.target) == (page.route.partition(" ")[0], page.target)
    assert (json.loads(request.body) if request.body is not None else None) == page.body


@each_page
async def test_a_server_reads_the_documented_request(page: Documented) -> None:
    recorder = Recorder()
    await call(page, recorder)
    operation, arguments = recorder.made[0]
    body = None if page.body is None else json.dumps(page.body, ensure_ascii=False).encode()
    received = receive(operation, Request(operation.method, page.target, body))
    again = operation.build(arguments | received)
    assert (again.target, json.loads(again.body or b"null")) == (page.target, page.body)


@each_page
async def test_the_documented_answer(page: Documented) -> None:
    envelope = {"code": "0", "message": "success"} | ({} if page.result is None else {"result": page.result})
    result = open_envelope(Response(200, {}, json.dumps(envelope).encode()), page.id)
    recorder = Recorder(result)
    answer = await call(page, recorder)
    if not isinstance(answer, Model):
        assert answer == page.result
        assert recorder.made[0][0].parse(result) == page.result
        return
    assert not answer.extra
    written = json.loads(convert.dumps(answer))
    for name, value in page.result.items():
        spelling = {"id": "personId"} if page.id == "persons.create" else {}
        assert value is None or written[spelling.get(name, name)] == value


async def test_a_person_as_before_and_after_2026_09_17() -> None:
    for identity in ({"id": 1001}, {"personId": 1001}, {"id": 1001, "personId": 1001}):
        members = {name: value for name, value in PERSON.items() if name != "personId"} | identity
        person = await Persons(Recorder(members), workspace_name="w").get(1001)
        assert (person.id, person.name, person.extra) == (1001, "Jae-suk Yoo", {})
        assert (person.thumbnails[0].id, person.tags[0].name) == (4321, "Anchor")


async def test_an_anonymous_person_and_members_to_come() -> None:
    person = await Persons(Recorder({"id": 1, "name": None, "assetCount": 3}), workspace_name="w").get(1)
    assert (person.name, person.tags, person.thumbnails, person.extra) == (None, (), (), {"assetCount": 3})


async def test_a_refused_upload_is_an_answer() -> None:
    check = await api.WorkspaceGroups(
        Recorder({"uploadStatus": "FAILED", "uploadMessage": "TOO_DARK"}), "w"
    ).thumbnails.complete("k")
    assert check.upload_status is UploadStatus.FAILED
    assert check.upload_message == "TOO_DARK"
    assert isinstance(check.upload_message, UploadMessage)


async def test_urls_that_are_secrets_are_in_no_repr() -> None:
    answer = await Persons(Recorder({"thumbnailList": [THUMBNAIL]}), workspace_name="w").remove_thumbnails(
        1, thumbnail_ids=[1]
    )
    issued = {"thumbnailKey": "k", "url": "https://storage.example/k?signature=secret", "expirationSeconds": 900}
    presigned = await api.WorkspaceGroups(Recorder(issued), "w").thumbnails.presign("a.jpg")
    query = {"assetFileKey": "k", "presignedUploadUrl": issued["url"], "expirationSeconds": 900}
    asset = await QueryAssets(Recorder(query)).presign("a.jpg")
    assert "https" not in repr([answer, presigned, asset])


@pytest.mark.parametrize("page", [page for page in CONTRACT if page.successor], ids=lambda page: page.id)
async def test_what_the_vendor_removes_warns_where_it_is_called(page: Documented) -> None:
    recorder = Recorder()
    with pytest.warns(DeprecationWarning, match="by the vendor") as warned:
        bound(page, recorder)(**page.call).close()  # before it is awaited
    assert str(warned[0].message) == f"{page.id} will be removed by the vendor in January 2027; use {page.successor}"
    assert warned[0].filename == __file__


def envelope_of(**beside: object) -> Response:
    return Response(200, {}, json.dumps({"code": "0", "message": "success", **beside}).encode())


@pytest.mark.parametrize(
    ("beside", "total"),
    [
        ({"result": {"projects": [], "totalCount": 3}}, 3),
        ({"result": {"projects": []}, "totalCount": 3}, 3),
        ({"result": {"projects": [], "totalCount": 3}, "totalCount": 4}, 3),
        ({"result": {"projects": []}}, None),
    ],
)
def test_a_total_inside_or_beside_the_result(beside: dict[str, object], total: int | None) -> None:
    listed = Projects.list.operation  # type: ignore[attr-defined]
    answer = listed.parse(open_envelope(envelope_of(**beside), listed.id, listed.beside))
    assert (answer.total_count, answer.extra) == (total, {})


def test_both_spellings_of_why_an_analysis_failed() -> None:
    status = Indexes.status.operation  # type: ignore[attr-defined]
    for spelling in ("analyzeStatusMessage", "analysisStatusMessage"):
        assert status.parse({"status": "ANALYZE_FAIL", spelling: "why"}).analyze_status_message == "why"


async def test_the_payload_of_an_index_is_kept_as_sent() -> None:
    scenes = [{"sceneId": 1, "keywords": ["goal"]}]
    index = await api.WorkspaceGroups(Recorder({"indexId": 1, "scenes": scenes}), "w").indexes.get(1, 2)
    assert (index.index_id, index.extra) == (1, {"scenes": scenes})


@pytest.mark.parametrize(
    ("status", "terminal", "cancellable"),
    [
        (AnalysisStatus.BEFORE_ANALYZE, False, False),
        (AnalysisStatus.WAIT_ANALYZE, False, True),
        (AnalysisStatus.ANALYZING, False, True),
        (AnalysisStatus.ANALYZE_COMPLETED, True, False),
        (AnalysisStatus.ANALYZE_FAIL, True, False),
        (AnalysisStatus.ANALYZE_CANCEL, True, False),
        (AnalysisStatus("LATER"), False, False),
        (SummaryStatus.BEFORE_SUMMARIZE, False, False),
        (SummaryStatus.WAIT_SUMMARIZE, False, True),
        (SummaryStatus.SUMMARIZING, False, True),
        (SummaryStatus.SUMMARIZE_COMPLETED, True, False),
        (SummaryStatus.SUMMARIZE_FAIL, True, False),
        (SummaryStatus.SUMMARIZE_CANCELED, True, False),
        (SummaryStatus("LATER"), False, False),
    ],
)
def test_which_states_last_and_which_can_be_cancelled(
    status: AnalysisStatus | SummaryStatus, *, terminal: bool, cancellable: bool
) -> None:
    assert (status.is_terminal, status.is_cancellable) == (terminal, cancellable)


@pytest.mark.parametrize(
    ("status", "terminal"),
    [
        *((status, status is not ImportStatus.IN_PROGRESS) for status in ImportStatus),
        *((status, status is not SearchStatus.RUNNING) for status in SearchStatus),
        (ImportStatus("LATER"), False),
        (SearchStatus("LATER"), False),
    ],
)
def test_which_states_last(status: ImportStatus | SearchStatus, *, terminal: bool) -> None:
    assert status.is_terminal is terminal


def test_listings_are_walked_and_counted() -> None:
    projects = mi_async.ProjectList(
        (mi_async.Project(1, "one", is_base_project=True), mi_async.Project(2, "two", is_base_project=False))
    )
    assert [project.name for project in projects] == ["one", "two"]
    assert len(projects) == 2
    page = mi_async.Page(projects.projects, total_count=2)
    assert page[1].name == "two"


def test_polling_that_cannot_work_is_refused() -> None:
    with pytest.raises(mi_async.ConfigError, match="factor above 1"):
        mi_async.Polling(factor=1.0)
