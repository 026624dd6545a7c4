"""Results as plain values, and back: one rule for all of them."""

import copy
import json
import pickle
from datetime import datetime
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mi_async
import mi_async.backup
from mi_async import (
    AssetOutcome,
    BulkOutcome,
    BulkReport,
    IngestedAsset,
    InvalidArgumentError,
    Page,
    Person,
    PersonTag,
    PersonThumbnail,
    PresignedUrl,
    Status,
    StoredObject,
    Upload,
    UploadCheck,
    UploadStatus,
)
from mi_async._core import convert
from mi_async.api import operations
from mi_async.media.image import ImageHeader
from mi_async.media.image_check import Image
from mi_async.models import JsonObject, Model
from mi_async.text import MaskedURL
from mi_async.workflows.upload import State
from tests.support.contract import CONTRACT
from tests.support.results import built, read_back, results

SECRET = "https://kr.object.ncloudstorage.com/b/k?X-Amz-Signature=0123"
RESULTS = results()
PERSON = Person(
    7,
    "Hong",
    tags=(PersonTag(1, "Anchor", created_time=datetime(2026, 1, 2, 3, 4, 5)),),  # noqa: DTZ001  as sent
    thumbnails=(PersonThumbnail(2, SECRET, True),),  # noqa: FBT003  as declared
    extra={"rank": {"a": [1, None]}},
)
PLAIN = {
    "id": 7,
    "name": "Hong",
    "description": None,
    "tags": [
        {
            "id": 1,
            "name": "Anchor",
            "created_user_name": None,
            "created_time": "2026-01-02T03:04:05",
            "updated_user_name": None,
            "updated_time": None,
        }
    ],
    "thumbnails": [{"id": 2, "url": SECRET, "is_primary_thumbnail": True}],
    "rank": {"a": [1, None]},
}


def test_every_result_is_found() -> None:
    found = {kind.__name__ for kind in RESULTS}
    assert found >= {"Person", "SceneHit", "IngestedAsset", "Ingestion", "Upload", "BulkReport", "AssetOutcome"}
    assert found >= {"BulkProgress", "QuotaState", "StoredObject", "SearchQuery", "Page", "Problem"}
    models = {kind.__name__ for kind in RESULTS if issubclass(kind, Model)} - {"Model"}
    assert models <= {*mi_async.__all__, *mi_async.backup.__all__}


def test_a_person_as_plain_values() -> None:
    assert PERSON.to_dict() == PLAIN
    assert json.loads(PERSON.to_json()) == PLAIN
    wire = PERSON.to_dict(by_alias=True)
    assert list(wire) == ["personId", "name", "description", "tags", "thumbnails", "rank"]
    assert wire["tags"][0]["createdTime"] == "2026-01-02T03:04:05"
    assert json.loads(PERSON.to_json(by_alias=True)) == wire
    assert Person.from_dict(PLAIN) == Person.from_dict(wire) == PERSON


@pytest.mark.parametrize("kind", RESULTS, ids=lambda kind: kind.__qualname__)
@given(data=st.data())
@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])
def test_every_result_comes_back_equal(kind: Any, data: st.DataObject) -> None:
    value = data.draw(built(kind))
    for by_alias in (False, True):
        members = value.to_dict(by_alias=by_alias)
        assert read_back(value, members) == value
        assert read_back(value, json.loads(value.to_json(by_alias=by_alias))) == value
        assert json.loads(json.dumps(members, allow_nan=False)) == members


EXAMPLES = [
    pytest.param(operation.result, page.result, id=f"{operation.id}-{number}")
    for operation in operations()
    if operation.result is not JsonObject
    for number, page in enumerate(page for page in CONTRACT if page.id == operation.id and page.result is not None)
]


@pytest.mark.parametrize(("kind", "example"), EXAMPLES)
def test_the_vendors_examples_come_back_equal(kind: Any, example: Any) -> None:
    value = convert.structurer(kind, tolerant=True)(example)
    for by_alias in (False, True):
        assert read_back(value, value.to_dict(by_alias=by_alias)) == value
    second_spellings = {"id", "analysisStatusMessage"}
    assert value.to_dict(by_alias=True).keys() >= example.keys() - second_spellings


def test_what_is_given_out_is_not_shared() -> None:
    members = PERSON.to_dict()
    members["rank"]["a"].append(2)
    members["tags"].clear()
    assert PERSON.to_dict() == PLAIN


@pytest.mark.parametrize(
    ("extra", "beside"),
    [
        ({"rank": 1}, {"rank": 1}),
        ({"id": 1, "rank": 2}, {"rank": 2, "extra": {"id": 1}}),
        ({"personId": 1}, {"extra": {"personId": 1}}),
        ({"extra": 5}, {"extra": {"extra": 5}}),
        ({"extra": {"a": 1}}, {"extra": {"extra": {"a": 1}}}),
    ],
)
def test_a_member_that_no_model_names_yields_to_one_that_it_names(extra: Any, beside: Any) -> None:
    person = Person(7, extra=extra)
    expected = {"name": None, "description": None, "tags": [], "thumbnails": [], **beside}
    assert person.to_dict() == {"id": 7, **expected}
    assert person.to_dict(by_alias=True) == {"personId": 7, **expected}
    assert Person.from_dict(person.to_dict()) == person


def test_unknown_members_are_kept_or_ignored_and_a_foreign_extra_is_one() -> None:
    assert Person.from_dict({"id": 1, "rank": 2, "extra": {"a": 3}}) == Person(1, extra={"rank": 2, "a": 3})
    assert Person.from_dict({"id": 1, "extra": 5}) == Person(1, extra={"extra": 5})
    assert StoredObject.from_dict({"bucket": "b", "key": "k", "new": 1}) == StoredObject("b", "k")


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        (Person, {}, "not a Person: member 'id' is missing at $.id"),
        (Person, [], "not a Person: expected an object, got an array at $"),
        (Person, None, "not a Person: expected an object, got null at $"),
        (Person, {"id": "7"}, "not a Person: expected an integer, got a string at $.id"),
        (Person, {"personId": True}, "not a Person: expected an integer, got a boolean at $.personId"),
        (
            Person,
            {"id": 1, "tags": [{"id": 1, "name": "a"}, {"id": 2, "name": [SECRET]}]},
            "not a Person: expected a string, got an array at $.tags[1].name",
        ),
        (StoredObject, {"bucket": "b", "key": ""}, "not a StoredObject: not an object of a bucket: 's3://b/' at $"),
        (
            BulkOutcome,
            {"key": "a", "status": "gone"},
            f"not a BulkOutcome: expected one of {', '.join(each.value for each in Status)}, got a string at $.status",
        ),
    ],
)
def test_what_does_not_fit_is_one_clear_error(kind: Any, value: Any, message: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        kind.from_dict(value)
    assert str(caught.value) == message


def test_the_items_of_a_page_are_of_a_class_that_is_told() -> None:
    page = Page((PERSON,), total_count=1, extra={"next": "x"})
    assert Page.from_dict(page.to_dict(), of=Person) == page
    with pytest.raises(InvalidArgumentError, match=r"not a Page: member 'id' is missing at \$.content\[0\].id"):
        Page.from_dict({"content": [{}]}, of=Person)


def test_a_status_that_no_version_knows_comes_back() -> None:
    check = UploadCheck(UploadStatus("QUEUED"))
    assert check.to_dict() == {"upload_status": "QUEUED", "upload_message": None}
    assert type(check.to_dict()["upload_status"]) is str
    assert UploadCheck.from_dict(check.to_dict()) == check


def test_secrets_are_in_the_values_and_in_no_repr() -> None:
    image = Image("hong.jpg", "hong.jpg", b"bytes", ImageHeader("jpg", 300, 300), "0" * 32)
    upload = Upload(image, 1, state=State.PRESIGNED, key="k", url=MaskedURL(SECRET))
    members = upload.to_dict()
    assert members["url"] == SECRET
    assert type(members["url"]) is str
    assert "content" not in members["image"]
    assert members["state"] == "presigned"
    assert Upload.from_dict(members) == attrs.evolve(upload, image=image.let_go())
    assert Upload.from_dict(members | {"image": members["image"] | {"content": "AAAA"}}).image.content == b""
    for value in (upload, Upload.from_dict(members), PresignedUrl("k", SECRET), PERSON):
        assert "Signature" not in repr(value)


def test_a_report_comes_back_with_its_counts_and_outcomes_and_without_the_password() -> None:
    outcomes = (AssetOutcome(key="a", status=Status.FAILED, asset_id=5), BulkOutcome("b", Status.PARTIAL, 7))
    report = BulkReport(journal="postgresql://u@h/d#n", run=1, counts={Status.DONE: 3}, problems=outcomes)
    assert report.to_dict()["counts"] == {"done": 3}
    assert "url" not in report.to_dict()
    back = BulkReport.from_dict(report.to_dict())
    assert back == report
    assert back.problems == outcomes
    assert back.counts[Status.FAILED] == 0
    assert str(back) == str(report)


def test_an_ingested_asset_as_plain_values() -> None:
    asset = mi_async.Asset(1, "a.mp4", 2, extra={"codec": "h264"})
    ingested = IngestedAsset(asset, None, None, StoredObject("b", "k"), sent=5)
    assert ingested.to_dict() == {
        "asset": asset.to_dict(),
        "index": None,
        "summary": None,
        "place": {"bucket": "b", "key": "k"},
        "sent": 5,
        "reused": False,
    }
    assert list(ingested.to_dict(by_alias=True)["asset"])[:3] == ["assetId", "fileName", "projectId"]


def test_what_has_no_json_is_said() -> None:
    with pytest.raises(InvalidArgumentError, match="cannot be sent as JSON"):
        Person(1, "\ud800").to_json()
    deep: list[Any] = []
    for _ in range(5000):
        deep = [deep]
    with pytest.raises(InvalidArgumentError, match="Person: nested too deep"):
        Person(1, extra={"deep": deep}).to_dict()


def test_what_else_shows_members_works_too() -> None:
    assert vars(PERSON)["tags"] is PERSON.tags
    assert list(vars(PERSON)) == list(PLAIN)
    assert attrs.asdict(PERSON)["extra"] == PERSON.extra
    assert "rank" not in dir(PERSON)
    assert {"id", "extra", "to_dict"} <= set(dir(PERSON))
    with pytest.raises(TypeError, match="__dict__"):
        vars(Page(()))
    assert copy.deepcopy(PERSON) == pickle.loads(pickle.dumps(PERSON)) == PERSON  # noqa: S301  pickled a moment ago
