"""Names in a journal of schema 1, which kept outer white space and invisible marks: found and renamed.

Invariant: no row is lost; where two names become one, each row stays under the name that it has.
"""

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, select, update

from mi_async._core import json_codec
from mi_async._core.names import clean_name
from mi_async.bulk.journal.schema import abandoned, journal, persons, pictures
from mi_async.text import escaped

CLEAN = 2
"""Schema from which on names are clean."""

_log = logging.getLogger(__name__)


def is_old(connection: Connection) -> bool:
    """Return True if a journal may have names that are not clean."""
    schema: int = connection.execute(select(journal.c.schema)).scalar_one()
    return schema < CLEAN


def clean_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Return the names of tags as they are called now, each once."""
    return tuple(dict.fromkeys(map(clean_name, tags)))


def renamed_keys(connection: Connection) -> Mapping[str, str]:
    """Return new names by the old ones, without those that are clean or would clash; each clash is logged."""
    if not is_old(connection):
        return {}
    old = sorted(
        {
            key
            for query in (select(persons.c.person), select(pictures.c.person).distinct())
            for (key,) in connection.execute(query)
            if isinstance(key, str)  # what is damaged is refused when it is read
        }
    )
    taken, renamed = set(old), dict[str, str]()
    for key in old:
        name = clean_name(key)
        if name == key:
            continue
        if name in taken or not name:
            _log.warning("'%s' and '%s' are one name now; the journal keeps both", escaped(key), escaped(name))
            continue
        taken.add(name)
        renamed[key] = name
    return renamed


def clean_keys(connection: Connection) -> None:
    """Rename persons and their tags, within a transaction, to what they are called now."""
    for key, name in renamed_keys(connection).items():
        for each in (persons, pictures, abandoned):
            connection.execute(update(each).where(each.c.person == key).values(person=name))
    for person, tags in connection.execute(
        select(persons.c.person, persons.c.tags).where(persons.c.tags != "[]")
    ).all():
        cleaned = _cleaned_tags(tags)
        if cleaned != tags:
            connection.execute(update(persons).where(persons.c.person == person).values(tags=cleaned))


def _cleaned_tags(text: str) -> str:
    try:
        tags: Any = json_codec.loads(text)
    except ValueError:
        return text  # damaged: refused when it is read
    if type(tags) is not list or not all(type(tag) is str for tag in tags):
        return text
    return json_codec.dumps(clean_tags(tags)).decode()
