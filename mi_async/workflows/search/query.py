"""Search queries: arguments for people, the query that the service takes, and the bounds of both.

Invariant: pure. The bounds are those of the operation's models, told by the names of the arguments here.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, TypeVar

import attrs
from attrs import evolve, frozen

from mi_async._core.bounds import Each, Length, Pattern, Rule
from mi_async._core.checks import compiled
from mi_async._core.declare import operations_of
from mi_async.api.indexes import AssetType, ConfidenceLevel
from mi_async.api.search import DialogQuery, PersonQuery, QueryOption, Search, SearchFilter, SearchQuery
from mi_async.errors import InvalidArgumentError
from mi_async.media.image_source import Source
from mi_async.models import Model, OpenEnum

T = TypeVar("T")
M = TypeVar("M", bound=Model)
REQUEST = next(operation for operation in operations_of(Search) if operation.name == "request")
PENDING = "the key of a picture that is not uploaded yet"


@frozen
class SearchRequest:
    """A search as the service takes it; of a picture that is not uploaded yet with a placeholder for its key."""

    query: SearchQuery
    option: QueryOption | None
    where: SearchFilter | None


@frozen(kw_only=True, eq=False, repr=False)
class SceneQuery:
    """A search: the arguments of ``Workspace.search_scenes``, where they are described."""

    text: str | None = None
    image: Source | None = None
    persons: Iterable[int] = ()
    persons_any: Iterable[int] = ()
    persons_not: Iterable[int] = ()
    dialogs: Iterable[str] = ()
    dialogs_any: Iterable[str] = ()
    dialogs_not: Iterable[str] = ()
    confidence_level: ConfidenceLevel | None = None
    project_ids: Iterable[int] | None = None
    asset_ids: Iterable[int] | None = None
    asset_types: Iterable[AssetType] | None = None
    index_modified_from: datetime | None = None
    index_modified_to: datetime | None = None
    limit: int | None = None
    timeout: float | None = None

    def asked(self) -> SearchRequest:
        """Return the same as the service takes it."""
        seen = PersonQuery(
            _terms(self.persons),
            _terms(self.persons_any),
            _terms(self.persons_not),
        )
        said = DialogQuery(
            _terms(self.dialogs),
            _terms(self.dialogs_any),
            _terms(self.dialogs_not),
        )
        where = SearchFilter(
            _places(self.project_ids),
            _places(self.asset_ids),
            _places(self.asset_types),
            self.index_modified_from,
            self.index_modified_to,
        )
        query = SearchQuery(self.text, None if self.image is None else PENDING, _given(seen), _given(said))
        return SearchRequest(query, _given(QueryOption(self.confidence_level)), _given(where))


def check(wanted: SceneQuery, asked: SearchRequest, workspace_name: str) -> None:
    """Hold everything against the documented bounds.

    Raises:
        InvalidArgumentError: the service would refuse it.
    """
    if wanted.timeout is not None and not wanted.timeout >= 0:
        message = f"timeout must be >= 0, got {wanted.timeout}"
        raise InvalidArgumentError(message)
    given = dict(_arguments(asked))
    for each in CHECKS:
        each(given.get, "")
    if asked.where is not None:
        for each in PLACES:
            each(given.get, "")
        _check_place(given)
    REQUEST.build(
        {
            "workspace_name": workspace_name,
            "query": asked.query,
            "query_option": asked.option,
            "query_filter": asked.where,
        }
    )


def _check_place(given: Mapping[str, Any]) -> None:
    """Refuse places that do not go together; what only narrows them down is named, since it is what was given."""
    if (fault := ONE_PLACE.fault(given.get)) is not None:
        narrowing = next((f"with {name}, " for name in NARROWING if given[name] is not None), "")
        message = f"{narrowing}{ONE_PLACE.text}; {fault}"
        raise InvalidArgumentError(message)


NAMES: Mapping[type[Model], Mapping[str, str]] = {
    SearchQuery: {"text_query": "text", "image_query": "image"},
    PersonQuery: {"must": "persons", "any": "persons_any", "not_": "persons_not"},
    DialogQuery: {"must": "dialogs", "any": "dialogs_any", "not_": "dialogs_not"},
    QueryOption: {"confidence_level": "confidence_level"},
    SearchFilter: {
        name: name for name in ("project_ids", "asset_ids", "asset_types", "index_modified_from", "index_modified_to")
    },
}
"""From the members of the models to the arguments that fill them."""


def _arguments(asked: SearchRequest) -> Iterator[tuple[str, Any]]:
    """Arguments by name, lists as they will be sent."""
    for model in (asked.query, asked.query.person_query, asked.query.dialog_query, asked.option, asked.where):
        if model is not None:
            yield from ((ours, getattr(model, member)) for member, ours in NAMES[type(model)].items())


def _members(model: type[Model]) -> Iterator[tuple[str, Any, tuple[Any, ...]]]:
    fields: Mapping[str, Any] = attrs.fields_dict(model)
    for member, ours in NAMES[model].items():
        yield ours, fields[member].type, fields[member].metadata.get("bounds", ())


def _rules(model: type[Model]) -> Iterator[Rule]:
    for rule in model.RULES:
        yield evolve(rule, names=tuple(NAMES[model][name] for name in rule.names))


def _word_of(kind: type[OpenEnum]) -> Pattern:
    return Pattern("|".join(map(re.escape, kind)), f"one of {', '.join(kind)}")


QUERY = (SearchQuery, PersonQuery, DialogQuery)
CHECKS = compiled(
    [
        ("text", str, (Length(1, blank=False),)),
        ("confidence_level", ConfidenceLevel, (_word_of(ConfidenceLevel),)),
        *[member for model in QUERY for member in _members(model)],
    ],
    [rule for model in QUERY for rule in _rules(model)],
)
"""Bounds of every search."""
(ONE_PLACE,) = _rules(SearchFilter)
NARROWING = ("asset_types", "index_modified_from", "index_modified_to")
"""Arguments that narrow down the places of a search, and are none."""
PLACES = compiled([*_members(SearchFilter), ("asset_types", AssetType, (Each(_word_of(AssetType)),))], ())
"""Bounds of the places of a search that does not look everywhere."""


def _given(model: M) -> M | None:
    """Return the model, None if there is nothing in it."""
    return None if model == type(model)() else model


def _terms(values: Iterable[T]) -> tuple[T, ...] | None:
    """Return the terms of a query; no terms are not sent."""
    return tuple(values) or None


def _places(values: Iterable[T] | None) -> tuple[T, ...] | None:
    """Return where to look; a list that came out empty is sent, since it does not mean everywhere."""
    return None if values is None else tuple(values)
