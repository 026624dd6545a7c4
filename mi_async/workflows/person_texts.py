"""Rules of the texts of a person, its name, description and tags: one for the single call and for bulk inputs.

Invariant: pure; what the service would refuse, or JSON cannot hold, is found before any image is sent.
"""

from collections.abc import Iterable
from typing import Any

from mi_async._core.bounds import Bound
from mi_async._core.names import NOT_TEXT, is_unicode, name_fault
from mi_async.api.person_tags import NAME as TAG_NAME
from mi_async.api.persons import DESCRIPTION, NAME


def person_fault(name: Any, description: Any, tags: Iterable[Any], *, validate: bool) -> str | None:
    """Return the first fault of a person's texts, None if there is none; bounds only with ``validate``."""
    fault = _fault("name", name, NAME, validate=validate)
    if fault is None and description is not None:
        fault = _fault("description", description, DESCRIPTION, validate=validate)
    for tag in tags:
        fault = fault or _fault("tag", tag, TAG_NAME, validate=validate)
    return fault


def _fault(label: str, text: Any, bound: Bound, *, validate: bool) -> str | None:
    if not isinstance(text, str):
        return f"{label} is text, not {type(text).__name__}"
    # No request can hold half a character, and it would be found out after the images were sent.
    # A description may have several lines.
    problem = name_fault(text) if bound is not DESCRIPTION else None if is_unicode(text) else NOT_TEXT
    if problem is not None:
        return f"{label} {problem}"
    fault = bound.fault(text) if validate else None
    return None if fault is None else f"{label} needs {bound.text}; it {fault}"
