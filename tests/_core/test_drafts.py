"""Makers of frozen objects: what they make is what the class makes."""

import inspect
import pickle

import attrs
import pytest
from attrs.exceptions import FrozenInstanceError

from mi_async._core.drafts import evolve
from mi_async._core.http_messages import Request, Response, make_request, make_response
from mi_async._core.operation import Quota
from mi_async.bulk.journal.records import ImageRecord
from mi_async.errors import InvalidArgumentError


def test_messages_are_made_as_by_their_classes() -> None:
    assert make_request("GET", "/a") == Request("GET", "/a")
    assert make_request("POST", target="/a", body=b"b") == Request("POST", "/a", b"b")
    assert make_response(200, {"A": "b"}, b"c") == Response(200, {"A": "b"}, b"c")
    assert repr(make_request("POST", "/a", b"secret")) == repr(Request("POST", "/a", b"secret"))
    assert pickle.loads(pickle.dumps(make_request("GET", "/a"))) == Request("GET", "/a")  # noqa: S301  our own


def test_they_are_frozen() -> None:
    made = make_response(200, {}, b"")
    assert type(made) is Response
    with pytest.raises(FrozenInstanceError):
        made.status = 201  # type: ignore[misc]


def test_a_maker_takes_what_its_class_takes() -> None:
    assert list(inspect.signature(make_request).parameters) == list(inspect.signature(Request).parameters)
    with pytest.raises(TypeError, match="target"):
        make_request("GET")  # type: ignore[call-arg]


def test_a_value_is_evolved_as_attrs_does_it() -> None:
    record = ImageRecord("Hong", "ab", "a.jpg", size=3)
    made = evolve(record, state="stored", stored_at=1.5)
    assert made == attrs.evolve(record, state="stored", stored_at=1.5)
    assert (type(made), record.state) == (ImageRecord, "new")
    assert evolve(made) == made
    with pytest.raises(FrozenInstanceError):
        made.state = "failed"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        evolve(record, stat="stored")  # type: ignore[call-arg]


def test_a_value_without_a_draft_is_evolved_by_attrs() -> None:
    quota = Quota(5, 1.0)  # refuses what cannot be, and has no draft for that
    assert evolve(quota, calls=6) == Quota(6, 1.0)
    with pytest.raises(InvalidArgumentError):
        evolve(quota, calls=0)
