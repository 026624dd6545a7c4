r"""Text in PostgreSQL, which takes neither NUL nor lone surrogates.

Invariant: what comes back is what was written, and keys sort as Python sorts them. NUL is written as U+0001 U+0001 and
U+0001 as U+0001 U+0002: no two texts become one, and their order stays, since no other character is below U+0002. A
lone surrogate is written as its escape ``\udcff``, as in SQLite.
"""

from psycopg import Connection
from psycopg.adapt import Buffer, Loader
from psycopg.types.string import StrDumperUnknown

TEXTS = ("text", "varchar", "bpchar", "name")
"""Types of PostgreSQL that come back as text."""


class JournalTextDumper(StrDumperUnknown):
    """Text on its way to the server."""

    def dump(self, obj: str) -> bytes:
        """Return the bytes that the server takes."""
        if "\0" in obj or "\1" in obj:
            obj = escaped_nul(obj)
        return obj.encode("utf-8", "backslashreplace")


class JournalTextLoader(Loader):
    """Text on its way back."""

    def load(self, data: Buffer) -> str:
        """Return the text that was written."""
        text = str(data, "utf-8")
        return text if "\1" not in text else text.replace("\1\1", "\0").replace("\1\2", "\1")


def escaped_nul(text: str) -> str:
    """Return a text without NUL from which it can be told again."""
    return text.replace("\1", "\1\2").replace("\0", "\1\1")


def speak_text(connection: Connection[object]) -> None:
    """Register this form for all texts that a connection writes and reads."""
    connection.adapters.register_dumper(str, JournalTextDumper)
    for name in TEXTS:
        connection.adapters.register_loader(name, JournalTextLoader)
