"""Tests of the service, on an emulator: `pip install pytest httpx pillow` and `pytest`, in this folder.

The fixture `mi_emulator` comes with mi-async. The service finds the emulator by the variables that the fixture sets.
"""

import io
from collections.abc import Iterator

import pytest
from app import app
from fastapi.testclient import TestClient
from PIL import Image

from mi_async.emulator import RunningEmulator


def photograph(seed: int = 0) -> bytes:
    """Make an image that is no single colour: the emulator takes it for one with a face."""
    content = io.BytesIO()
    Image.effect_noise((300 + seed, 300), 60).save(content, "jpeg")
    return content.getvalue()


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
    files = image(photograph())
    first, second = (client.put("/persons/Hong", files=files) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
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
    assert client.put("/persons/Hong", files=image(photograph())).status_code == 201


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
