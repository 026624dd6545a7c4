"""Tests of the service, on an emulator: `pip install pytest httpx2` and `pytest`, in this folder.

The fixture `mi_emulator` comes with mi-async. The service finds the emulator by the variables that the fixture sets.
"""

import asyncio
from collections.abc import Iterator

import pytest
from app import app
from fastapi.testclient import TestClient

import mi_async
from mi_async.emulator import RunningEmulator, example_image


@pytest.fixture
def client(mi_emulator: RunningEmulator) -> Iterator[TestClient]:  # noqa: ARG001  it sets the environment
    """Start the service, and stop it at the end of the test."""
    with TestClient(app) as client:
        yield client


def image(content: bytes, name: str = "hong.jpg") -> list[tuple[str, tuple[str, bytes]]]:
    return [("images", (name, content))]


def test_a_person_is_enrolled_once_however_often_the_client_asks(
    client: TestClient, mi_emulator: RunningEmulator
) -> None:
    files = image(example_image())
    first, second = (client.put("/persons/Hong", files=files) for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json()["id"] == second.json()["id"]
    assert len(second.json()["thumbnails"]) == 1
    assert client.get(f"/persons/{first.json()['id']}").json()["name"] == "Hong"
    assert mi_emulator.log.count("persons.create") == 1


def test_an_image_that_breaks_a_rule_is_the_clients_fault(client: TestClient) -> None:
    answer = client.put("/persons/Hong", files=image(b"GIF89a", "hong.gif"))
    assert answer.status_code == 415
    assert "hong.gif" in answer.json()["message"]


@pytest.mark.mi_fault("persons.create", 99999)
def test_a_failure_of_the_service_is_retried_and_not_seen(client: TestClient) -> None:
    assert client.put("/persons/Hong", files=image(example_image())).status_code == 200


@pytest.mark.mi_fault("persons.create", "DROP_AFTER")  # created, but the answer is lost
def test_a_lost_answer_makes_nobody_twice(client: TestClient, mi_emulator: RunningEmulator) -> None:
    assert client.put("/persons/Hong", files=image(example_image())).status_code == 200
    assert len(list(mi_emulator.state.persons())) == 1


def test_the_same_image_twice_in_one_request_counts_once(client: TestClient) -> None:
    files = [*image(example_image()), *image(example_image(), "again.jpg"), *image(example_image(1))]
    assert len(client.put("/persons/Hong", files=files).json()["thumbnails"]) == 2


async def analysed() -> None:
    async with mi_async.connect() as session:
        newsroom = session.workspace("newsroom")
        asset = await (await newsroom.import_asset(101, key="news.mp4", bucket_name="newsroom"))
        await (await newsroom.analyze(101, asset.asset_id))


def test_a_scene_is_found_by_what_it_shows(client: TestClient) -> None:
    asyncio.run(analysed())
    (scene,) = client.get("/scenes", params={"text": "anchor"}).json()
    assert scene["file_name"] == "news.mp4"
    assert client.get("/scenes", params={"text": "goal"}).json() == []
    assert client.get("/scenes", params={"text": "goal", "limit": 0}).status_code == 422


@pytest.mark.mi_fault("workspaces.list", 420)
def test_a_full_quota_is_503_with_a_time_to_come_again(client: TestClient) -> None:
    answer = client.get("/ready")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert client.get("/ready").status_code == 200


@pytest.mark.mi_fault("persons.get", 200)
def test_our_keys_are_no_business_of_the_client(client: TestClient) -> None:
    answer = client.get("/persons/1001")
    assert answer.status_code == 500
    assert answer.json()["message"] == "internal error"


def test_a_missing_person_is_404(client: TestClient) -> None:
    assert client.get("/persons/4711").status_code == 404


def test_a_job_is_found_by_its_token_and_by_no_other_workspaces(client: TestClient) -> None:
    project = {"bucket": "newsroom", "key": "news.mp4"}
    job = client.post("/projects/101/assets", params=project).json()["job"]
    assert client.get(f"/jobs/{job}").json()["job"] == job
    answer = client.get(f"/jobs/{job.replace('newsroom', 'another')}")
    assert answer.status_code == 422


def test_metrics_count_what_was_asked(client: TestClient) -> None:
    client.post("/upload-urls/hong.jpg")
    text = client.get("/metrics").text
    assert 'mi_attempts_total{operation="thumbnails.presign",status="200"' in text
    assert 'mi_quota_used{operation="thumbnails.presign"' in text


def test_the_description_of_the_service_has_our_models(client: TestClient) -> None:
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    assert {"Person", "SceneHit"} <= set(schemas)
