"""Our results in FastAPI and pydantic, the real ones: returned, validated, documented."""

import subprocess
import sys
from datetime import datetime
from typing import Annotated, Any

import pytest
from fastapi import Body, FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

import mi_async
from mi_async import (
    AssetOutcome,
    BulkReport,
    IngestedAsset,
    Page,
    Person,
    PersonTag,
    PersonThumbnail,
    SceneHit,
    SearchQuery,
    Status,
    StoredObject,
    UploadCheck,
    UploadStatus,
)
from mi_async._core.docstrings import member_texts
from mi_async.models import Serializable
from mi_async.restore.completion import Completed
from tests.support.results import built, results

PERSON = Person(
    7,
    "Hong",
    tags=(PersonTag(1, "Anchor", created_time=datetime(2026, 1, 2, 3, 4, 5)),),  # noqa: DTZ001  as sent
    thumbnails=(PersonThumbnail(2, "https://h/k?s=1", True),),  # noqa: FBT003  as declared
    extra={"rank": 1, "name": "taken"},
)
INGESTED = IngestedAsset(mi_async.Asset(1, "a.mp4", 2), None, None, StoredObject("b", "k"))
REPORT = BulkReport(journal="j", run=1, counts={Status.DONE: 2}, problems=(AssetOutcome(key="a", status=Status.DONE),))


class Found(BaseModel):
    """A model of the user's, with ours in it."""

    person: Person
    hits: list[SceneHit] = []
    best: SceneHit | None = None
    page: Page[PersonTag] | None = None


app = FastAPI()


@app.get("/person")
async def person() -> Person:
    return PERSON


@app.get("/undeclared")
async def undeclared():  # type: ignore[no-untyped-def]  # noqa: ANN201  as many handlers are
    return PERSON


@app.get("/people")
async def people() -> list[Person]:
    return [PERSON, Person(8)]


@app.get("/page")
async def page() -> Page[Person]:
    return Page((PERSON,), total_count=1)


@app.get("/empty")
async def empty() -> Page[Person]:
    return Page(())


@app.get("/maybe")
async def maybe() -> Person | None:
    return None


@app.get("/found")
async def found() -> Found:
    return Found(person=PERSON, hits=[SceneHit(score=0.5, extra={"new": 1})], page=Page((PersonTag(1, "a"),)))


@app.get(
    "/short", response_model=Person, response_model_exclude_none=True, response_model_include={"id", "name", "tags"}
)
async def short() -> Any:
    return PERSON


@app.get("/ingested")
async def ingested() -> IngestedAsset:
    return INGESTED


@app.get("/report")
async def report() -> BulkReport:
    return REPORT


@app.get("/check")
async def check() -> UploadCheck:
    return UploadCheck(UploadStatus("QUEUED"))


@app.post("/search")
async def search(query: Annotated[SearchQuery, Body()]) -> SearchQuery:
    assert isinstance(query, SearchQuery)
    return query


@app.post("/person")
async def take(person: Annotated[Person, Body()]) -> dict[str, Any]:
    return {"same": person == PERSON, "is": type(person).__name__, "extra": person.extra}


@app.post("/found")
async def take_found(found: Found) -> Found:
    return found


@app.post("/objects")
async def take_objects(objects: list[StoredObject]) -> list[str]:
    return [str(each) for each in objects]


@pytest.fixture(scope="module")
def client() -> Any:
    with TestClient(app) as client:
        yield client


def test_a_handler_returns_any_of_them(client: TestClient) -> None:
    assert client.get("/person").json() == PERSON.to_dict()
    assert client.get("/undeclared").json() == PERSON.to_dict()
    assert client.get("/people").json() == [PERSON.to_dict(), Person(8).to_dict()]
    assert client.get("/page").json() == Page((PERSON,), total_count=1).to_dict()
    assert client.get("/empty").json() == Page(()).to_dict()
    assert client.get("/maybe").json() is None
    assert client.get("/ingested").json() == INGESTED.to_dict()
    assert client.get("/report").json() == REPORT.to_dict()
    assert client.get("/check").json() == {"upload_status": "QUEUED", "upload_message": None}
    found = client.get("/found").json()
    assert found["person"] == PERSON.to_dict()
    assert found["hits"][0]["new"] == 1
    assert found["best"] is None
    assert found["page"]["content"][0]["name"] == "a"


def test_options_of_a_response_hold(client: TestClient) -> None:
    tag = {"id": 1, "name": "Anchor", "created_time": "2026-01-02T03:04:05"}
    assert client.get("/short").json() == {"id": 7, "name": "Hong", "tags": [tag]}


def test_a_request_body_becomes_an_object_of_ours(client: TestClient) -> None:
    same = {"same": True, "is": "Person", "extra": PERSON.extra}
    assert client.post("/person", json=PERSON.to_dict()).json() == same
    assert client.post("/person", json=PERSON.to_dict(by_alias=True)).json() == same
    query = {"text_query": "goal", "person_query": {"must": [1], "not": [2]}}
    answer = client.post("/search", json=query).json()
    assert answer["person_query"] == {"must": [1], "any": None, "not_": [2]}
    assert client.post("/objects", json=[{"bucket": "b", "key": "k"}]).json() == ["s3://b/k"]
    found = client.get("/found").json()
    assert client.post("/found", json=found).json() == found


@pytest.mark.parametrize(
    ("path", "body", "location", "kind"),
    [
        ("/person", {"name": "a"}, ["body", "id"], "missing"),
        ("/person", {"id": "seven"}, ["body", "id"], "int_parsing"),
        ("/person", {"personId": "seven"}, ["body", "personId"], "int_parsing"),
        ("/person", {"id": 1, "tags": [{"id": 1, "name": "a"}, {"id": 2}]}, ["body", "tags", 1, "name"], "missing"),
        ("/person", [], ["body"], "dict_type"),
        ("/found", {"person": {"id": 1, "name": 5}}, ["body", "person", "name"], "string_type"),
        ("/objects", [{"bucket": "b", "key": ""}], ["body", 0], "value_error"),
        ("/search", {"person_query": {"must": ["x"]}}, ["body", "person_query", "must", 0], "int_parsing"),
    ],
)
def test_what_does_not_fit_is_a_422_that_says_where(
    client: TestClient, path: str, body: Any, location: list[Any], kind: str
) -> None:
    answer = client.post(path, json=body)
    assert answer.status_code == 422
    (fault,) = answer.json()["detail"]
    assert (fault["loc"], fault["type"]) == (location, kind)


def test_openapi_is_valid_and_says_what_each_member_is(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    schemas = document["components"]["schemas"]
    assert {"Person", "PersonTag", "PersonThumbnail", "Page_Person_", "Page_PersonTag_", "SceneHit"} <= set(schemas)
    person = schemas["Person"]
    assert person["title"] == "Person"
    assert person["description"] == "A person with tags and thumbnails."
    assert person["required"] == ["id"]
    assert person["additionalProperties"] is True
    assert list(person["properties"]) == ["id", "name", "description", "tags", "thumbnails"]
    assert person["properties"]["name"]["description"] == member_texts(Person)["name"]
    assert schemas["PersonTag"]["properties"]["created_time"]["examples"] == ["2025-08-15T17:13:48"]
    status = schemas["UploadCheck"]["properties"]["upload_status"]
    assert (status["type"], status["examples"]) == ("string", ["COMPLETED", "FAILED"])
    items = schemas["Page_Person_"]["properties"]["content"]["items"]
    assert items == {"$ref": "#/components/schemas/Person"}
    assert not {name for name in schemas if name.endswith(("-Input", "-Output"))}
    assert "content" not in str(schemas.get("Image"))


def test_openapi_is_valid(client: TestClient) -> None:
    validator = pytest.importorskip("openapi_spec_validator", reason="installed for the first Python only")
    validator.validate(client.get("/openapi.json").json())


RESULTS = results()
WITH_OUTCOMES = (BulkReport, Completed, mi_async.RestoreReport)
"""Results whose outcomes may be of a subclass, which a schema does not know."""


@pytest.mark.parametrize("kind", RESULTS, ids=lambda kind: kind.__qualname__)
@given(data=st.data())
@settings(max_examples=6, suppress_health_check=[HealthCheck.too_slow])
def test_pydantic_writes_what_we_write_and_reads_it(kind: Any, data: st.DataObject) -> None:
    value: Serializable = data.draw(built(kind))
    adapter: TypeAdapter[Any] = TypeAdapter(Page[Person] if kind is Page else kind)
    if kind in WITH_OUTCOMES:
        return
    assert adapter.dump_python(value, mode="json") == value.to_dict()
    assert adapter.validate_json(adapter.dump_json(value)) == value
    assert adapter.validate_python(value) is value


def test_json_schemas_of_reading_and_writing_are_one() -> None:
    for kind in RESULTS:
        adapter: TypeAdapter[Any] = TypeAdapter(kind)
        assert adapter.json_schema() == adapter.json_schema(mode="serialization")


def test_a_class_of_the_users_own() -> None:
    class Row(BaseModel):
        person: Annotated[Person, "of this row"]

    row = Row.model_validate({"person": {"id": 1, "rank": 2}})
    assert row.person == Person(1, extra={"rank": 2})
    assert row.model_dump()["person"]["rank"] == 2
    assert Row.model_validate_json(row.model_dump_json()) == row
    with pytest.raises(ValidationError, match=r"person\.id"):
        Row.model_validate({"person": {}})
    assert Row.model_construct(person={"id": 1}).model_dump(warnings=False)["person"]["id"] == 1


def test_pydantic_is_imported_by_who_asks_for_it() -> None:
    program = "import sys, mi_async; mi_async.Person(1).to_json(); mi_async.Session; print('pydantic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
