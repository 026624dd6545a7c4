"""Makers of frozen objects: what they make is what the class makes."""

import inspect
import pickle

import pytest
from attrs.exceptions import FrozenInstanceError

from mi_async._core.http_messages import Request, Response, make_request, make_response


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
