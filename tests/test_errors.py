"""The errors: what each carries survives pickling and copying, and the tree is as drawn."""

import copy
import pickle
from collections.abc import Iterator
from typing import Any

import pytest

import mi_async
from mi_async import PersonMatch, errors
from mi_async.errors import APIError, AuthenticationError, MIError, error_class

API: dict[str, Any] = {"request_id": "r-1", "operation": "persons.get", "retry_after": 2.5}
MADE: dict[type[MIError], tuple[tuple[Any, ...], dict[str, Any]]] = {
    errors.ImageRejectedError: (("too small",), {"source": "hong.jpg", "reason": "resolution"}),
    errors.ResourceError: (("no descriptors",), {"source": "hong.jpg"}),
    errors.MediaRejectedError: (("too long",), {"source": "clip.mp4", "reason": "duration"}),
    errors.ResourceError: (("Too many open files",), {"source": "hong.jpg"}),
    errors.AlreadyExistsError: (("is there",), {"existing": (1002,)}),
    errors.PersonKnownError: (("is known",), {"name": "Hong", "matches": (PersonMatch(1001, "Hong", 93.0),)}),
    errors.ResponseError: (("not JSON",), {"status": 200, "path": "$.result.id"}),
    errors.QuotaWaitError: (("would wait",), {"operation": "thumbnails.presign", "wait": 3.5}),
    errors.UploadFailedError: (("refused",), {"reason": "OVER_SIZE_LIMIT", "key": "k"}),
}


def subclasses(kind: type[MIError]) -> Iterator[type[MIError]]:
    yield kind
    for child in kind.__subclasses__():
        if child.__module__.startswith("mi_async."):
            yield from subclasses(child)


KINDS = list(dict.fromkeys(subclasses(MIError)))
every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


def made(kind: type[MIError]) -> MIError:
    if issubclass(kind, APIError):
        return kind(404, "10030", "Gone.", **API)
    arguments, options = MADE.get(kind, (("it failed",), {}))
    error: MIError = kind(*arguments, **options)
    return error


def pickled(error: MIError) -> MIError:
    restored: MIError = pickle.loads(pickle.dumps(error))  # noqa: S301  our own bytes
    return restored


@every_kind
@pytest.mark.parametrize("again", [pickled, copy.copy, copy.deepcopy], ids=lambda again: again.__name__)
def test_all_that_an_error_carries_survives(kind: type[MIError], again: Any) -> None:
    error = made(kind)
    error.created = {"person_id": 1001, "tag_ids": {"Anchor": 7}, "thumbnail_keys": ["k"]}
    error.ambiguous = True
    error.add_note("while enrolling Gildong Hong")
    twin = again(error)
    assert type(twin) is kind
    assert twin is not error
    assert (str(twin), repr(twin), twin.args) == (str(error), repr(error), error.args)
    assert vars(twin) == vars(error)
    assert twin.created["person_id"] == 1001
    assert twin.__notes__ == ["while enrolling Gildong Hong"]
    with pytest.raises(kind):
        raise twin


@every_kind
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_every_pickle_protocol(kind: type[MIError], protocol: int) -> None:
    error = made(kind)
    assert vars(pickle.loads(pickle.dumps(error, protocol))) == vars(error)  # noqa: S301  our own bytes


@every_kind
def test_text_is_one_stable_line(kind: type[MIError]) -> None:
    error = made(kind)
    assert str(error)
    assert str(error) == str(made(kind))
    assert "\n" not in str(error)


@every_kind
def test_nothing_was_created_unless_said_so(kind: type[MIError]) -> None:
    first, second = made(kind), made(kind)
    assert first.created == {}
    assert first.created is not second.created


@every_kind
def test_every_error_is_public(kind: type[MIError]) -> None:
    assert getattr(mi_async, kind.__name__) is kind
    assert kind.__name__ in mi_async.__all__
    assert kind.__module__ == "mi_async.errors"


def drawn() -> dict[str, str]:
    """Parent of each error in the drawing of the module's docstring; names on one line are siblings."""
    parents: dict[str, str] = {}
    above: list[tuple[int, str]] = []
    drawing = (errors.__doc__ or "").partition("\n    MIError\n")[2].partition("\n\n")[0]
    for line in ["    MIError", *drawing.splitlines()]:
        indent = len(line) - len(line.lstrip())
        names = [word for word in line.split() if word in errors.__all__]
        above = [(depth, name) for depth, name in above if depth < indent]
        for name in names:
            parents[name] = above[-1][1] if above else "Exception"
        above.append((indent, names[-1]))
    return parents


def test_the_tree_is_as_drawn() -> None:
    ours = {kind.__name__: kind for kind in KINDS}
    assert drawn() == {name: kind.__bases__[0].__name__ for name, kind in ours.items()}


def test_what_may_have_been_done_all_the_same() -> None:
    ambiguous = {kind.__name__ for kind in KINDS if kind.ambiguous}
    assert ambiguous == {
        "DisconnectedError",
        "TimeoutError",
        "ResponseError",
        "ServerError",
        "DeadlineExceededError",
    }


def test_an_invalid_argument_is_a_value_error() -> None:
    assert issubclass(errors.InvalidArgumentError, ValueError)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (APIError(404, "10030", "Gone."), "Gone. (HTTP 404, code 10030)"),
        (APIError(502, "", ""), "no message (HTTP 502)"),
        (APIError(404, "10030", "Gone.", **API), "persons.get: Gone. (HTTP 404, code 10030) [request r-1]"),
    ],
)
def test_text_of_an_api_error(error: APIError, text: str) -> None:
    assert str(error) == text


@pytest.mark.parametrize(("offset", "words"), [(612.4, "612 s behind"), (-301.0, "301 s ahead of")])
def test_the_clock_offset_is_named_and_kept(offset: float, words: str) -> None:
    error = AuthenticationError(401, "200", "Authentication Failed", **API)
    assert (error.clock_offset, error.clock_corrected) == (None, False)
    error.name_offset(offset)
    error.clock_corrected = True
    assert str(error).endswith(f"; this machine's clock is {words} the service's")
    twin = pickled(error)
    assert vars(twin) == vars(error)
    assert str(twin) == str(error)
    assert isinstance(twin, AuthenticationError)
    assert twin.clock_offset == offset


@pytest.mark.parametrize("status", [100, 200, 302, 405, 499])
def test_an_unknown_status_is_a_plain_api_error(status: int) -> None:
    assert error_class(status, "") is APIError
