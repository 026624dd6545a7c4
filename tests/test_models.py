"""Open enums and pages: values that a newer service may send, and the types of the package itself."""

import copy
import pickle

import pytest

from mi_async.api.person_tags import PersonTag
from mi_async.api.thumbnails import UploadStatus
from mi_async.models import OpenEnum, Page


class Language(OpenEnum):
    ZH_CN = "ZH-CN"


def test_a_documented_value_is_its_member() -> None:
    assert UploadStatus("FAILED") is UploadStatus.FAILED
    assert UploadStatus.FAILED.is_known


def test_an_undocumented_value_survives_as_itself() -> None:
    status = UploadStatus("QUEUED")
    assert isinstance(status, UploadStatus)
    assert status == "QUEUED"
    assert status == UploadStatus("QUEUED")
    assert status != UploadStatus.FAILED
    assert (str(status), status.value, f"{status}") == ("QUEUED", "QUEUED", "QUEUED")
    assert not status.is_known


@pytest.mark.parametrize("value", ["COMPLETED", "QUEUED", ""])
def test_a_member_pickles_copies_and_hashes_as_its_string(value: str) -> None:
    status = UploadStatus(value)
    assert pickle.loads(pickle.dumps(status)) == status  # noqa: S301  pickled a moment ago
    assert copy.deepcopy(status) == status
    assert hash(status) == hash(value)
    assert dict.fromkeys([status, value]) == {value: None}


def test_a_value_that_spells_the_name_of_a_member_is_not_that_member() -> None:
    assert not Language("ZH_CN").is_known
    assert Language("ZH-CN").is_known


def test_an_undocumented_value_does_not_join_the_enum() -> None:
    UploadStatus("QUEUED")
    assert list(UploadStatus) == [UploadStatus.COMPLETED, UploadStatus.FAILED]


def test_what_is_not_a_string_is_no_member() -> None:
    with pytest.raises(ValueError, match="5 is not a valid UploadStatus"):
        UploadStatus(5)  # type: ignore[arg-type]


def test_a_page_is_read_like_a_sequence() -> None:
    page = Page(("a", "b"), total_count=3, extra={"note": 1})
    assert list(page) == ["a", "b"]
    assert len(page) == 2
    assert page.extra == {"note": 1}
    assert "note" not in repr(page)
    assert hash(page) == hash(Page(("a", "b"), total_count=3, extra={"note": 2}))


def test_models_are_equal_by_class_and_members_and_hash_without_what_no_model_names() -> None:
    tag = PersonTag(1, "a")
    assert tag == PersonTag(1, "a")
    assert tag != PersonTag(1, "a", extra={"colour": "red"})
    assert tag != PersonTag(2, "a")
    assert tag != (1, "a")
    assert hash(tag) == hash(PersonTag(1, "a", extra={"colour": "red"})) != hash(PersonTag(2, "a"))
    assert repr(tag).startswith("PersonTag(id=1, name='a', created_user_name=None, ")
    assert "extra" not in repr(tag)
