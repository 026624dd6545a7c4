"""Items of a bulk run: what they make of what they are given, and what they find wrong with it before any request."""

import unicodedata
from pathlib import Path
from typing import Any

import pytest

from mi_async.bulk.inputs.models import PersonInput, ThumbnailUpload
from mi_async.errors import InvalidArgumentError

NFD = unicodedata.normalize("NFD", "홍길동/é")


def test_names_and_tags_are_kept_in_nfc_and_tags_once() -> None:
    item = PersonInput(NFD, [b"picture"], tags=[NFD, "Anchor", unicodedata.normalize("NFC", NFD)])
    assert item.name == item.key == "홍길동/é"
    assert item.tags == ("홍길동/é", "Anchor")
    assert item.thumbnails == (b"picture",)
    assert item.fault() is None


@pytest.mark.parametrize("one", ["face.jpg", b"picture", bytearray(b"picture"), Path("face.jpg"), 7, None])
def test_a_single_picture_is_no_list(one: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=f"thumbnails is a list, not a single {type(one).__name__}"):
        PersonInput("Hong", one)


def test_a_single_tag_is_no_list() -> None:
    with pytest.raises(InvalidArgumentError, match="tags is a list, not a single str"):
        PersonInput("Hong", ["face.jpg"], tags="Anchor")


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"thumbnails": []}, "a person needs at least one image"),
        ({"name": ""}, "name needs 1 to 50 characters"),
        ({"name": "   "}, "name needs"),
        ({"name": "홍" * 51}, "name needs 1 to 50 characters"),
        ({"name": None}, "name is text, not NoneType"),
        ({"name": 7}, "name is text, not int"),
        ({"description": ""}, "description needs"),
        ({"description": "d" * 701}, "description needs 1 to 700 characters"),
        ({"description": 7}, "description is text, not int"),
        ({"tags": ["t" * 31]}, "tag needs 1 to 30 characters"),
        ({"tags": ["fine", ""]}, "tag needs"),
        ({"tags": [None]}, "tag is text, not NoneType"),
    ],
)
def test_the_first_fault_of_a_person_is_told(given: dict[str, Any], fault: str) -> None:
    said = PersonInput(**{"name": "Hong", "thumbnails": [b"picture"], **given}).fault()
    assert said is not None
    assert said.startswith(fault)


@pytest.mark.parametrize("name", ["홍", "홍" * 50, "a/b", "a;b|c`"])
def test_what_the_service_takes_is_no_fault(name: str) -> None:
    assert PersonInput(name, ["face.jpg"], "d" * 700, ["t" * 30]).fault() is None


@pytest.mark.parametrize("number", ["7", 7.0, None, True])
def test_a_person_is_given_by_number(number: Any) -> None:
    said = ThumbnailUpload(number, b"picture").fault()
    assert said == f"person_id must be the ID of a person, got {number!r}"


@pytest.mark.parametrize("number", [0, -1, 2**63, 10**20])
@pytest.mark.parametrize("validate", [True, False])
def test_a_number_that_no_journal_holds_is_a_fault(number: int, validate: bool) -> None:
    said = ThumbnailUpload(number, b"picture").fault(validate=validate)
    assert said == f"person_id needs 1 to 9223372036854775807; it is {number}"
    assert ThumbnailUpload(2**63 - 1, b"picture").fault(validate=validate) is None


@pytest.mark.parametrize(
    ("what", "given"),
    [
        ("name", {"name": "Jos\udce9"}),
        ("description", {"description": "\ud83d"}),
        ("tag", {"tags": ["fine", "\udce9"]}),
    ],
)
@pytest.mark.parametrize("validate", [True, False])
def test_what_is_no_unicode_text_is_a_fault(what: str, given: dict[str, Any], validate: bool) -> None:
    said = PersonInput(**{"name": "Hong", "thumbnails": [b"picture"], **given}).fault(validate=validate)
    assert said == f"{what} is not Unicode text"


def test_an_upload_has_one_picture_and_the_number_as_its_key() -> None:
    item = ThumbnailUpload(1001, "face.jpg", primary=True, origin="a.csv:2")
    assert (item.key, item.thumbnails, item.fault()) == ("1001", ("face.jpg",), None)
