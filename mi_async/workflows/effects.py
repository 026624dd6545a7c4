"""Effects of a workflow: told in ``error.created``, written to the log where it fails, and taken up by a later call.

Invariant: a workflow that fails or is cancelled after an effect logs one line, and one without an effect logs none. No
line and no error has a presigned URL: keys and IDs are no secrets.
"""

import asyncio
import logging
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Self

from attrs import define, field, frozen

from mi_async._core import convert
from mi_async.errors import InvalidArgumentError, MIError
from mi_async.text import escaped
from mi_async.workflows.thumbnail_names import digest_in_key

_log = logging.getLogger(__name__)

MOST_SHOWN = 10
"""Names and keys of one kind that a line lists; the record's ``mi_created`` has all."""
LONGEST_LINE = 4000
KINDS = ("person_id", "tag_ids", "thumbnail_keys", "query_image")
"""Kinds of what a call that can be resumed creates."""


@define
class Effects:
    """The effects of one workflow so far.

    Attributes:
        workflow: name of the method.
        subject: what it is about.
        created: what exists, by kind, as in ``error.created``.
        existed: kind and name of what is in ``created`` and was there before.
        in_doubt: the effect that a request in flight may have had, None when none is in flight.
    """

    workflow: str
    subject: str
    created: dict[str, Any] = field(factory=dict)
    existed: set[tuple[str, object]] = field(factory=set)
    in_doubt: str | None = None

    @contextmanager
    def doubting(self, effect: str) -> Generator[None]:
        """Name the effect that a request has, which nobody can be sure of where the block is left by an exception."""
        self.in_doubt = effect
        yield
        self.in_doubt = None

    def report(self, error: BaseException) -> None:
        """Log what exists although the workflow has not ended well."""
        told: Mapping[str, Any] = vars(error).get("created", {})
        in_doubt = self.in_doubt if _may_have_acted(error) else None
        if in_doubt is None and not any(self._is_new(kind, value) for kind, value in told.items()):
            return
        parts = [_said(error), f"created: {convert.dumps_shown(_shortened(told)).decode()}", in_doubt]
        text = escaped("; ".join(filter(None, parts)), LONGEST_LINE)
        _log.warning(
            "%s, %s: %s", self.workflow, escaped(self.subject), text, extra={"mi_created": dict(told)}, stacklevel=4
        )

    def had(self, kind: str, name: object) -> None:
        """Note that something in ``created`` was there before: it is no effect."""
        self.existed.add((kind, name))

    def _is_new(self, kind: str, value: Any) -> bool:
        names = value if isinstance(value, list | Mapping) else [value]
        return any((kind, name) not in self.existed for name in names)


@contextmanager
def effects_of(workflow: str, subject: str) -> Generator[Effects]:
    """Collect the effects of a workflow; an exception that leaves the block has them in ``created``, the log in a line.

    Args:
        workflow: name of the method.
        subject: what it is about: a name, an ID, a file.
    """
    effects = Effects(workflow, subject)
    try:
        yield effects
    except BaseException as error:
        tell_created(error, **effects.created)
        effects.report(error)
        raise


def tell_created(error: BaseException, **created: Any) -> None:
    """Set ``error.created``, by kind, to what a workflow has created so far; the error may be a cancellation.

    What an inner step has set is kept; lists are joined.
    """
    told = dict(vars(error).get("created", {}))
    for kind, value in created.items():
        if isinstance(value, list):
            told[kind] = list(dict.fromkeys([*value, *told.get(kind, [])]))
        else:
            told.setdefault(kind, value)
    vars(error)["created"] = told


def _may_have_acted(error: BaseException) -> bool:
    """Return True if a request in flight may have had its effect: it was cancelled, or its answer is not known."""
    return not isinstance(error, MIError) or error.ambiguous


def _said(error: BaseException) -> str:
    if isinstance(error, asyncio.CancelledError):
        return "cancelled"
    # The text of an exception that is not ours may hold anything.
    return f"{type(error).__name__}: {error}" if isinstance(error, MIError) else f"failed with {type(error).__name__}"


def _shortened(created: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was created, with the first of many of a kind."""
    shown = dict(created)
    for kind, value in created.items():
        if isinstance(value, list) and len(value) > MOST_SHOWN:
            shown[kind] = [*value[:MOST_SHOWN], f"and {len(value) - MOST_SHOWN} more"]
    return shown


@frozen
class Resumed:
    """The effects of a failed call, as the next call goes on with them.

    Attributes:
        person_id: ID of the person that it has created, None for none.
        keys: of the images that it has stored.
    """

    person_id: int | None = None
    keys: tuple[str, ...] = ()

    @classmethod
    def of(cls, created: Mapping[str, Any] | None) -> Self:
        """Read ``error.created``; what else is in it is looked up again.

        Raises:
            InvalidArgumentError: it is something else.
        """
        given: Any = {} if created is None else created
        if not isinstance(given, Mapping):
            message = f"resume is error.created of the call that failed, not {type(given).__name__}"
            raise InvalidArgumentError(message)
        if given and not any(kind in given for kind in KINDS):
            named = ", ".join(f"{kind!r:.50}" for kind in list(given)[:MOST_SHOWN])
            message = f"resume has nothing of error.created: {named}; it holds {', '.join(KINDS)}"
            raise InvalidArgumentError(message)
        person_id, keys = given.get("person_id"), given.get("thumbnail_keys", ())
        is_id = person_id is None or (isinstance(person_id, int) and not isinstance(person_id, bool))
        listed = isinstance(keys, Sequence) and not isinstance(keys, str)
        if not is_id or not listed or not all(isinstance(key, str) for key in keys):
            message = "resume needs person_id as a number and thumbnail_keys as a list of texts, as in error.created"
            raise InvalidArgumentError(message)
        return cls(person_id, tuple(keys))

    @property
    def by_digest(self) -> dict[str, list[str]]:
        """Return the keys by the MD5 of their images; those of which that is not known are of no use."""
        found: dict[str, list[str]] = {}
        for key in self.keys:
            if (digest := digest_in_key(key)) is not None:
                found.setdefault(digest, []).append(key)
        return found
