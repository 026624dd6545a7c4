"""The description of the API: valid, complete, and true of the emulator, as far as generated requests can tell."""

import itertools
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
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
from mi_async._core.http_messages import Request
from mi_async._core.operation import Place
from mi_async._core.signing import sign
from mi_async.api import operations
from mi_async.api.openapi import describe
from mi_async.api.schemas import Schemas
from mi_async.emulator import CREDENTIALS, Latency, Server
from tests.support.newsroom import served_elsewhere
from tests.support.pictures import picture
from tests.support.raw import QUICK, emulated

pytestmark = pytest.mark.slow

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


def _body(path: str) -> Any:
    return DESCRIBED["paths"][f"/api/v1{path}"]["post"]["requestBody"]["content"]["application/json"]["schema"]


def test_what_the_wire_requires_is_required() -> None:
    """A Python default other than None is sent because the service requires the argument."""
    listed = [
        DESCRIBED["paths"][p.path]["get"] for p in OPERATIONS if p.id.endswith(".list") and p.id != "projects.list"
    ]
    paged = [p for described in listed for p in described["parameters"] if p["name"] == "pageNum"]
    assert [p["required"] for p in paged] == [True] * 4
    assert "pageNum" in _body("/workspaces/{workspace_name}/persons/search")["required"]
    assert _body("/query-assets/uploads/presigned-url")["required"] == ["assetFileName", "assetType"]
    results = DESCRIBED["paths"]["/api/v1/workspaces/{workspace_name}/assets/search/{search_id}"]["get"]["parameters"]
    assert {p["name"]: p["required"] for p in results}["pageNum"] is False


def test_numbers_have_64_bits_and_timestamps_a_pattern() -> None:
    schemas = DESCRIBED["components"]["schemas"]
    assert schemas["AssetMetaData"]["properties"]["size"] == {"type": ["integer", "null"], "format": "int64"}
    stamp = re.compile(schemas["MergedPersons"]["properties"]["mergedTime"]["pattern"])
    for text in (
        "2025-08-15T17:13:48",
        "2025-08-15T17:13:48.123456",
        "2024-02-29T00:00:00Z",
        "2025-12-31T23:59:59+09:00",
    ):
        assert stamp.search(text)
        assert datetime.fromisoformat(text)
    for text in (
        "2025-8-15",
        "15.08.2025",
        "2025-13-01T00:00:00",
        "2025-04-31T00:00:00",
        "2025-02-30T00:00:00",
        "now\n",
    ):
        assert not stamp.search(text)


def test_texts_that_must_say_something_have_a_length() -> None:
    for path, member in (
        ("/workspaces/{workspace_name}/projects", "name"),
        ("/workspaces/{workspace_name}/person-thumbnail/uploads/presigned-url", "thumbnailFileName"),
        ("/query-assets/uploads/presigned-url", "assetFileName"),
        ("/workspaces/{workspace_name}/projects/{project_id}/assets/import/object-storage", "key"),
    ):
        assert _body(path)["properties"][member]["minLength"] == 1
    assert DESCRIBED["components"]["schemas"]["SearchQuery"]["properties"]["textQuery"]["minLength"] == 1


def test_rules_and_bounds_are_in_names_of_the_wire() -> None:
    told = [rule for path in DESCRIBED["paths"].values() for each in path.values() for rule in each.get("x-rules", ())]
    schemas = DESCRIBED["components"]["schemas"].values()
    told += [rule for schema in schemas for rule in schema.get("x-rules", ())]
    assert "give only one of sceneRange, minSceneDurationSec" in told
    assert "leave person_id out of personIds" in told  # a name in a path is what it is
    assert "give at most 100 items in must, any, not together" in told
    assert "give exactly one of textQuery, imageQuery" in told
    assert not [rule for rule in told if "_" in rule and "person_id " not in rule]
    thumbnails = _body("/workspaces/{workspace_name}/persons")["properties"]["thumbnails"]
    assert "at most 1 item with isPrimaryThumbnail" in thumbnails["x-bounds"]


def test_groups_are_tags_with_a_description() -> None:
    tags = {tag["name"]: tag["description"] for tag in DESCRIBED["tags"]}
    assert tags["persons"] == "Persons of a workspace."
    assert list(tags) == list(dict.fromkeys(operation.group for operation in OPERATIONS))
    assert [tag["name"] for tag in describe(declared=[OPERATIONS[0]])["tags"]] == ["workspaces"]


def test_envelopes_are_components() -> None:
    for path in DESCRIBED["paths"].values():
        for described in path.values():
            (name,) = described["responses"]["200"]["content"]["application/json"]["schema"].values()
            assert name.startswith("#/components/schemas/EnvelopeOf")
            assert name.rpartition("/")[2] in DESCRIBED["components"]["schemas"]


def test_links_lead_from_what_is_created_to_what_takes_it() -> None:
    answers = {
        described["operationId"]: described["responses"]["200"].get("links", {})
        for path in DESCRIBED["paths"].values()
        for described in path.values()
    }
    assert answers["persons.create"]["persons.set_thumbnails"] == {
        "operationId": "persons.set_thumbnails",
        "parameters": {
            "workspace_name": "$request.path.workspace_name",
            "person_id": "$response.body#/result/personId",
        },
    }
    assert answers["thumbnails.presign"]["thumbnails.complete"] == {
        "operationId": "thumbnails.complete",
        "parameters": {"workspace_name": "$request.path.workspace_name"},
        "requestBody": {"thumbnailKey": "$response.body#/result/thumbnailKey"},
    }
    makers = {operation for operation, links in answers.items() if links}
    assert makers == {
        "workspaces.create",
        "projects.create",
        "assets.register",
        "persons.create",
        "person_tags.create",
        "thumbnails.presign",
        "search.request",
    }
    assert list(answers["person_tags.create"]) == ["person_tags.delete"]
    deprecated = {operation.id for operation in OPERATIONS if operation.deprecated}
    assert not deprecated & {target for links in answers.values() for target in links}


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
        return self.answer(method, f"/api/v1{path}", body).json().get("result")

    def answer(self, method: str, path: str, body: Any = None) -> requests.Response:
        return requests.request(method, self.server.url + path, json=body, auth=Signed(self.server), timeout=10)

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


BODIES: Mapping[str, Any] = {
    "workspaces.create": {"workspaceName": "linked-room"},
    "projects.create": {"name": "Linked"},
    "assets.register": {"key": "linked.mp4", "bucketName": "b"},
    "persons.create": {"thumbnails": []},
    "person_tags.create": {"name": "Linked"},
    "thumbnails.presign": {"thumbnailFileName": "linked.jpg"},
    "search.request": {"query": {"textQuery": "sea"}},
}


def _expressed(expression: str, path: Mapping[str, str], answer: Any) -> str:
    """Value of a runtime expression of OpenAPI."""
    kind, _, rest = expression.partition("#" if "#" in expression else "$request.path.")
    if kind != "$response.body":
        return path[rest]
    for member in rest.split("/")[1:]:
        answer = answer[member]
    return str(answer)


@pytest.mark.parametrize("maker", BODIES)
def test_a_client_that_follows_the_links_reaches_what_was_created(server: Server, maker: str) -> None:
    room = Room(server, f"links-{maker.partition('.')[0].replace('_', '-')}")
    path = {name: str(value) for name, value in room.filled().items()}
    routes = {operation.id: operation for operation in OPERATIONS}
    described = DESCRIBED["paths"][routes[maker].path]["post"]
    created = room.answer("POST", routes[maker].path.format(**path), BODIES[maker]).json()
    followed = []
    for link in described["responses"]["200"]["links"].values():
        target = routes[link["operationId"]]
        body = {name: _expressed(text, path, created) for name, text in link.get("requestBody", {}).items()}
        if target.method != "GET" and not body:
            continue  # changes something, by arguments that are the client's own
        given = {name: _expressed(text, path, created) for name, text in link["parameters"].items()}
        paged = "?pageNum=1" if target.id.endswith(".list") else ""
        answer = room.answer(target.method, target.path.format(**given) + paged, body or None)
        followed.append((target.id, answer.status_code, answer.json()["code"]))
    early = {("indexes.get", 400, "50003"), ("scene_summaries.get", 404, "10001"), ("persons.similar", 400, "10075")}
    early |= {("persons.recommend_by_thumbnail", 400, "10001")}  # nothing was uploaded yet
    assert not [each for each in followed if each[1] != 200 and each not in early]
    assert followed or maker == "person_tags.create"  # there, all that is linked deletes


USE = """
import sys, time
import httpx
from mi_async import Credentials
from mi_async._core.signing import sign
from mi_async._core.http_messages import Request
from CLIENT import Client
from CLIENT.api.persons import persons_create, persons_get, persons_list
from CLIENT.api.assets import assets_register
from CLIENT.models import EnvelopeOfPageOfPerson, PersonsCreateBody, ServiceError

def signed(request):
    target = Request(request.method, request.url.raw_path.decode())
    request.headers.update(sign(target, Credentials(KEY, SECRET), time.time()))

client = Client(base_url=URL, httpx_args={"event_hooks": {"request": [signed]}})
made = persons_create.sync("newsroom", client=client, body=PersonsCreateBody(thumbnails=[], name="홍길동"))
number = made.result.person_id
person = persons_get.sync("newsroom", number, client=client)
listed = persons_list.sync("newsroom", client=client)
assert isinstance(listed, EnvelopeOfPageOfPerson), listed
missing = persons_get.sync("newsroom", 10**12, client=client)
assert isinstance(missing, ServiceError), missing
print(person.result.name, listed.result.total_count, [each.person_id == number for each in listed.result.content])
"""


def test_a_client_that_others_generated_talks_to_the_emulator(server: Server, tmp_path: Path) -> None:
    """In processes of their own: the generator and its client import pydantic and httpx."""
    described = tmp_path / "openapi.json"
    described.write_bytes(convert.dumps(describe(server.url)))
    client = tmp_path / "generated"
    command = [sys.executable, "-m", "openapi_python_client", "generate", "--meta", "none"]
    command += ["--path", str(described), "--output-path", str(client)]
    made = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | {"PATH": ""})
    assert made.returncode == 0, made.stdout + made.stderr
    assert "WARNING parsing" not in made.stdout + made.stderr
    room = Room(server, "newsroom")
    before = room.answer("GET", "/api/v1/workspaces/newsroom/persons?pageNum=1").json()["result"]["totalCount"]
    names = {"URL": server.url, "KEY": CREDENTIALS.access_key, "SECRET": CREDENTIALS.secret_key}
    script = "".join(f"{name} = {value!r}\n" for name, value in names.items()) + USE.replace("CLIENT", client.name)
    used = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert used.returncode == 0, used.stderr
    assert used.stdout.startswith(f"홍길동 {before + 1} [")
    assert "True" in used.stdout
