"""Place of a journal: a file, or a schema of a PostgreSQL database, named by a URL.

Invariant: a URL is shown without its password, in messages, reprs, reports and pickles.
"""

import os
import re
import unicodedata
from pathlib import Path
from typing import TypeAlias
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit

from attrs import field, frozen

from mi_async._core.url_secrets import SECRETS
from mi_async.errors import ConfigError, JournalError
from mi_async.text import one_line

SCHEMES = ("postgresql", "postgres")
"""Schemes of libpq: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS."""
URL = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
SCHEMA_NAME = "mi_async"
"""Schema that holds the journal where the URL names none."""
NO_ESCAPE = re.compile(r"%(?!0[1-9a-f]|[1-9a-f][0-9a-f])", re.IGNORECASE)
"""Percent sign that begins no escape that libpq takes: its message would show the password."""
UNCLEAR = "journal: in the URL, write each of @ / ? # % [ ] in a password as %40 %2F %3F %23 %25 %5B %5D"
NAMED = re.compile(r"(?!pg_)\w[\w-]*", re.IGNORECASE)
"""Names of a schema: letters of any script, digits, ``_`` and ``-``; ``pg_`` is PostgreSQL's own."""
MOST_BYTES = 63
"""Bytes of a name in PostgreSQL, which cuts off a longer one."""


@frozen
class JournalUrl:
    """A journal in a PostgreSQL database.

    Attributes:
        shown: the URL without a password.
        schema: name of the schema that holds the tables.
        dsn: for libpq: with the password, without the name of the schema.
    """

    shown: str
    schema: str
    dsn: str = field(repr=False)

    def __str__(self) -> str:
        """Return the URL without a password."""
        return self.shown

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle without the password: a report may end up in a queue or a log; PGPASSWORD and .pgpass still work."""
        return JournalUrl, (self.shown, self.schema, self.shown.partition("#")[0])


Journalled: TypeAlias = str | os.PathLike[str] | JournalUrl
"""A journal, as a user names it."""
JournalPlace: TypeAlias = Path | JournalUrl


def parsed(journal: Journalled) -> str | os.PathLike[str] | JournalUrl:
    """Return a URL as a value that hides its password; a path as it is.

    Raises:
        ConfigError: the URL cannot be meant; it is not shown, since nobody knows which part is the password.
    """
    if not isinstance(journal, str) or not (found := URL.match(journal)):
        return journal
    if found[0].removesuffix("://") not in SCHEMES:
        if os.path.isdir(os.path.dirname(journal)):  # noqa: PTH112, PTH120  of a text that pathlib would change
            return journal
        message = f"journal: a URL of a journal begins with postgresql://, got {found[0]}"
        raise ConfigError(message)
    parts = _split(journal)
    user, at, host = parts.netloc.rpartition("@")
    schema = unicodedata.normalize("NFC", unquote(parts.fragment)) or SCHEMA_NAME
    if not NAMED.fullmatch(schema) or len(schema.encode()) > MOST_BYTES:
        message = f"journal: after # comes the name of a schema, of letters, digits, _ and -, got {one_line(schema)!r}"
        raise ConfigError(message)
    shown = _without_secrets(parts, f"{user.partition(':')[0]}{at}{host}", schema)
    return JournalUrl(shown, schema, parts._replace(fragment="").geturl())


def _split(url: str) -> SplitResult:
    """Split a URL of which everybody takes the same part for the password."""
    try:
        parts = urlsplit(url)
    except ValueError:  # as of brackets, or a character that stands for a slash; its text shows the password
        raise ConfigError(UNCLEAR) from None
    user, _, host = parts.netloc.rpartition("@")
    outside = f"{user}{parts.path}{parts.query}{parts.fragment}"
    if "@" in outside or not _has_ports(host) or NO_ESCAPE.search(host + outside):
        raise ConfigError(UNCLEAR)
    return parts


def _has_ports(hosts: str) -> bool:
    """Return True if what follows each host is a port: a password with a slash would be taken for one."""
    return all(re.fullmatch(r"(\[[^\]]*\]|[^:\[\]]*)(:\d*)?", host) for host in hosts.split(","))


def _without_secrets(parts: SplitResult, netloc: str, schema: str) -> str:
    kept = [(name, value) for name, value in parse_qsl(parts.query) if name not in SECRETS]
    fragment = "" if schema == SCHEMA_NAME else schema
    return parts._replace(netloc=netloc, query=urlencode(kept), fragment=fragment).geturl()


def shown_journal(journal: Journalled) -> str:
    """Return the name of a journal for people."""
    place = parsed(journal)
    return str(place) if isinstance(place, JournalUrl) else os.fspath(place)


def journal_file(journal: Journalled | None) -> str | os.PathLike[str] | None:
    """Return the path of a journal in a file, None for one in a database and for none."""
    place = None if journal is None else parsed(journal)
    return None if isinstance(place, JournalUrl) else place


def journal_place(journal: Journalled) -> JournalPlace:
    """Return the place of a journal; of a file with links followed, so that each journal has one lock.

    Raises:
        JournalError: there is no directory for it.
        ConfigError: the URL cannot be meant.
    """
    place = parsed(journal)
    if isinstance(place, JournalUrl):
        return place
    try:
        real = Path(os.path.realpath(place))
    except ValueError as error:  # a null character
        raise journal_error(place, str(error)) from error
    if not real.parent.is_dir():
        raise journal_error(place, f"there is no directory {real.parent}")
    return real


def journal_error(journal: Journalled, reason: str) -> JournalError:
    """Return the error that names the journal and the reason."""
    return JournalError(f"journal {shown_journal(journal)}: {reason}")
