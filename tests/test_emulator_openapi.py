"""The description of the API: valid, complete, and true of the emulator, as far as generated requests can tell."""

import itertools
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from attrs import evolve, frozen
from hypothesis import HealthCheck, Phase, given, settings
from requests.auth import AuthBase
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from mi_async._core import convert
from mi_async._core.operation import Place
from mi_async._core.signing import sign
from mi_async._core.wire import Request
from mi_async.api import operations
from mi_async.api.openapi import describe
from mi_async.api.schemas import Schemas
from mi_async.emulator import CREDENTIALS, Latency, Server
from tests.support.newsroom import served_elsewhere
from tests.support.pictures import picture
from tests.support.raw import QUICK, emulated

OPERATIONS = list(operations())
EXAMPLES = 3
"""Generated requests per operation, each for what fits the description, for what does not, and on things that exist."""
NONE = Latency.none()
AT_ONCE = evolve(
    QUICK, enforce_quotas=False, importing=NONE, queueing=NONE, analysing=NONE, summarizing=NONE, searching=NONE
)
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]

DESCRIBED = describe()
each_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)


def test_an_independent_validator_finds_it_valid(tmp_path: Path) -> None:
    # in a process of its own: it imports pydantic, and cyclopts behaves differently once that is imported
    file = tmp_path / "openapi.json"
    file.write_bytes(convert.dumps(DESCRIBED))
    command = [sys.executable, "-m", "openapi_spec_validator", str(file)]
    judged = subprocess.run(command, capture_output=True, text=True, check=False)
    assert judged.returncode == 0, judged.stdout[:1000]
    assert DESCRIBED["openapi"] == "3.1.0"
    assert {scheme["name"] for scheme in DESCRIBED["components"]["securitySchemes"].values()} == {
        "x-ncp-apigw-timestamp",
        "x-ncp-iam-access-key",
        "x-ncp-apigw-signature-v2",
    }


async def test_the_emulator_serves_it_unsigned() -> None:
    async with emulated() as raw:
        answer = await raw.send("GET", f"{raw.server.url}/openapi.json")
        assert answer.status == 200
        assert answer.json == describe(raw.server.url)


@each_operation
def test_every_operation_is_described(operation: Any) -> None:
    described = DESCRIBED["paths"][operation.path][operation.method.lower()]
    assert described["operationId"] == operation.id
    assert described["x-repeat"] == operation.repeat.name
    assert described["x-source"] == operation.source
    assert described.get("deprecated", False) is (operation.deprecated is not None)
    quota = described["x-quota"]
    assert quota == (operation.quota and {"calls": operation.quota.calls, "period": operation.quota.period})
    named = {(p["name"], p["in"]) for p in described["parameters"]}
    expected = {(p.name, "path") for p in operation.parameters if p.place is Place.PATH}
    expected |= {(p.wire, "query") for p in operation.parameters if p.place is Place.QUERY}
    assert named == expected | {(name, "path") for name in operation.scope}
    body = {p.wire for p in operation.parameters if p.place is Place.BODY}
    content = (
        described.get("requestBody", {}).get("content", {}).get("application/json", {"schema": {"properties": {}}})
    )
    assert set(content["schema"]["properties"]) == body


def test_bounds_and_open_enums_are_told() -> None:
    schemas, paths = DESCRIBED["components"]["schemas"], DESCRIBED["paths"]
    assert "WAIT_ANALYZE" in schemas["AnalysisStatus"]["x-known-values"]
    assert "enum" not in schemas["AnalysisStatus"]
    room = "/api/v1/workspaces/{workspace_name}"
    search = paths[f"{room}/persons/search"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert search["properties"]["pageSize"]["maximum"] == 50
    assert search["properties"]["name"]["pattern"] == r"^[^;\|`]*$"
    merge = paths[f"{room}/persons/{{person_id}}/merge"]["post"]
    assert merge["requestBody"]["content"]["application/json"]["schema"]["properties"]["personIds"]["maxItems"] == 10
    assert merge["x-rules"]


def test_a_type_without_a_schema_is_named() -> None:
    for kind in (object, 7):
        with pytest.raises(TypeError, match="has no schema"):
            Schemas().of(kind)


def test_a_member_in_two_spellings_is_required_in_either() -> None:
    person = DESCRIBED["components"]["schemas"]["Person"]
    assert person["allOf"] == [{"anyOf": [{"required": ["personId"]}, {"required": ["id"]}]}]
    assert DESCRIBED["components"]["schemas"]["PageOfPerson"]["properties"]["content"]["items"] == {
        "$ref": "#/components/schemas/Person"
    }


@frozen
class Signed(AuthBase):
    """Signs what is sent, exactly as it is sent."""

    server: Server

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        target = Request(request.method or "", request.path_url)
        request.headers.update(sign(target, CREDENTIALS, self.server.state.wall()))
        return request


@frozen
class Room:
    """A workspace with one of everything, so that generated requests can meet something."""

    server: Server
    name: str

    def call(self, method: str, path: str, body: Any = None) -> Any:
        url = f"{self.server.url}/api/v1{path}"
        answer = requests.request(method, url, json=body, auth=Signed(self.server), timeout=10)
        return answer.json().get("result")

    def filled(self) -> Mapping[str, object]:
        """Fill it; returns what the names in paths stand for."""
        self.call("POST", "/workspaces", {"workspaceName": self.name})
        room = f"/workspaces/{self.name}"
        upload = self.call("POST", f"{room}/person-thumbnail/uploads/presigned-url", {"thumbnailFileName": "a.jpg"})
        requests.put(upload["url"], picture("jpg"), headers={"Content-Type": "image/jpeg"}, timeout=10)
        key = {"thumbnailKey": upload["thumbnailKey"], "isPrimaryThumbnail": True}
        person = self.call("POST", f"{room}/persons", {"name": "One", "thumbnails": [key]})["personId"]
        tag = self.call("POST", f"{room}/person-tags", {"name": "Anchor"})["id"]
        project = self.call("POST", f"{room}/projects", {"name": "Brief"})["projectId"]
        assets = f"{room}/projects/{project}/assets"
        asset = self.call("POST", f"{assets}/import/object-storage", {"key": "a.mp4", "bucketName": "b"})["assetId"]
        index = self.call("POST", f"{assets}/{asset}/index", {"analysisPersonCount": 1})["id"]
        summary = self.call("POST", f"{assets}/{asset}/scene-summary", {})["sceneSummaryId"]
        search = self.call("POST", f"{room}/assets/search", {"query": {"textQuery": "sea"}})["searchId"]
        return {
            "workspace_name": self.name,
            "person_id": person,
            "tag_id": tag,
            "project_id": project,
            "asset_id": asset,
            "index_id": index,
            "scene_summary_id": summary,
            "search_id": search,
        }


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with served_elsewhere(AT_ONCE) as server:
        yield server


@pytest.fixture(scope="module")
def described(server: Server) -> Any:
    return schemathesis.openapi.from_dict(describe(server.url))


numbers = itertools.count()


@each_operation
def test_the_emulator_keeps_to_it(server: Server, described: Any, operation: Any) -> None:
    known = Room(server, f"room-{next(numbers)}").filled()
    met = described[operation.path][operation.method]
    quickly = settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )

    def run(mode: GenerationMode, *, existing: bool) -> None:
        @quickly
        @given(case=met.as_strategy(generation_mode=mode))
        def check(case: Any) -> None:
            if existing:
                case.path_parameters = {name: known[name] for name in case.path_parameters or {}}
            answer = case.call_and_validate(base_url=server.url, auth=Signed(server), checks=CHECKS)
            assert answer.status_code != 401  # it is signed as it is sent

        check()

    run(GenerationMode.POSITIVE, existing=False)
    run(GenerationMode.POSITIVE, existing=True)
    if operation.parameters:
        run(GenerationMode.NEGATIVE, existing=False)
