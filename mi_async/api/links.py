"""Links of an OpenAPI description: from the answer that names a new thing to the operations that take its name.

Pure; derived from paths, models and wire names alone, so that no operation is named here. Generic testers and clients
reach by them what exists only after something else was created.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from mi_async._core.annotations import bare
from mi_async._core.operation import Operation, Place, path_names
from mi_async._core.wire_names import wire_names
from mi_async.models import Model

PATH_NAME = re.compile(r"{(\w+)}")
IDENTIFYING = ("_id", "_key")
"""Ends of the names of members that a body may repeat; any other, such as a name, only happens to be spelled alike."""


def links(operation: Operation, others: Iterable[Operation]) -> dict[str, Any]:
    """Return the links of the answer of an operation, by the ID of the operation that each leads to."""
    if operation.method != "POST" or operation.deprecated is not None:
        return {}
    reached = [other for other in others if other.deprecated is None and other.id != operation.id]
    found: dict[str, Any] = {}
    for field in _required_fields(operation.result):
        found |= _links_by_path(field, operation, reached)
        found |= _links_by_body(field, operation, reached)
    return found


def _links_by_path(field: "attrs.Attribute[Any]", operation: Operation, reached: Sequence[Operation]) -> dict[str, Any]:
    """Return the links to operations whose path lacks only what a member of the answer is."""
    sent = set(path_names(operation.path))
    return {
        other.id: _link(other, {name: _member(field)}, {})
        for name in _stands_for(field, operation, reached)
        for other in reached
        if name not in sent and set(path_names(other.path)) - sent == {name}
    }


def _links_by_body(field: "attrs.Attribute[Any]", operation: Operation, reached: Sequence[Operation]) -> dict[str, Any]:
    """Return the links to operations whose body requires nothing but a member of the answer."""
    if not field.name.endswith(IDENTIFYING):
        return {}
    sent, wire = set(path_names(operation.path)), wire_names(field)[0]
    return {
        other.id: _link(other, {}, {wire: _member(field)})
        for other in reached
        if set(path_names(other.path)) <= sent and _required_body(other) == {wire}
    }


def _stands_for(field: "attrs.Attribute[Any]", operation: Operation, others: Iterable[Operation]) -> Iterator[str]:
    """Yield the path names that a member of the answer is the value of: its own name, or that of the thing created."""
    yield field.name
    first = next(_required_fields(operation.result))
    for other in others:
        rest = other.path.removeprefix(f"{operation.path}/")
        if field is first and rest != other.path and (created := PATH_NAME.match(rest)):
            yield created[1]


def _required_fields(kind: Any) -> Iterator["attrs.Attribute[Any]"]:
    model = bare(kind)
    if isinstance(model, type) and issubclass(model, Model):
        yield from (field for field in attrs.fields(model) if field.default is attrs.NOTHING)


def _required_body(operation: Operation) -> set[str]:
    return {p.wire for p in operation.parameters if p.place is Place.BODY and p.always_sent}


def _member(field: "attrs.Attribute[Any]") -> str:
    return f"$response.body#/result/{wire_names(field)[0]}"


def _link(other: Operation, answered: Mapping[str, str], body: Mapping[str, str]) -> dict[str, Any]:
    given = {name: f"$request.path.{name}" for name in path_names(other.path)} | dict(answered)
    link: dict[str, Any] = {"operationId": other.id, "parameters": given}
    return link | {"requestBody": dict(body)} if body else link
