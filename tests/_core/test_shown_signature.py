"""Signatures as ``help()`` shows them: names of types, for people; the annotations stay what programs read."""

import inspect
import pydoc
import re
from typing import Annotated, get_args, get_origin

import pytest

import mi_async
from mi_async._core.bounds import Length
from mi_async._core.shown_signature import spelled
from mi_async.api import Persons, Search

UNREADABLE = re.compile(r"Annotated|collections\.abc|mi_async\._core|function |: '|-> '|Length\(|Settings")


@pytest.mark.parametrize("of", [mi_async.Session, mi_async.Workspace, Persons, Search])
def test_help_has_nothing_that_nobody_can_read(of: type) -> None:
    page = pydoc.plain(pydoc.render_doc(of))
    signatures = [line for line in page.splitlines() if re.match(r" \|  (async )?[a-z]\w*\(", line)]
    assert len(signatures) > 1
    assert [line for line in signatures if UNREADABLE.search(line)] == []


def test_a_signature_is_that_of_the_source() -> None:
    told = inspect.signature(Persons.create)
    assert str(told) == (
        "(self, name: str | None = None, *, thumbnails: Sequence[ThumbnailInput], "
        "description: str | None = None) -> CreatedPerson"
    )
    assert [str(each) for each in told.parameters.values()][1] == "name: str | None = None"
    assert str(inspect.signature(Persons.all)).endswith("-> AsyncGenerator[Person]")


@pytest.mark.parametrize("of", [mi_async.Session, mi_async.Workspace, Persons, Search])
def test_a_class_has_a_signature_without_its_wiring(of: type) -> None:
    assert str(inspect.signature(of)) == "()"


async def test_a_bound_method_shows_the_same_without_self() -> None:
    async with mi_async.connect(mi_async.Credentials("key", "secret")) as session:
        persons = session.workspace("newsroom").persons
        assert str(inspect.signature(persons.get)) == "(person_id: int) -> Person"


def test_programs_read_the_annotations_as_they_are() -> None:
    annotation = inspect.signature(Persons.create).parameters["name"].annotation
    assert get_origin(annotation) is Annotated
    assert Length(1, 50, blank=False) in get_args(annotation)
    told = inspect.signature(mi_async.Workspace.upload_thumbnail, eval_str=True)
    assert told.parameters["person_id"].annotation is int


@pytest.mark.parametrize(
    ("kind", "text"), [(tuple[int, ...], "tuple[int, ...]"), (None, "None"), ("Person | None",) * 2]
)
def test_a_type_is_written_as_in_the_source(kind: object, text: str) -> None:
    assert spelled(kind) == text
