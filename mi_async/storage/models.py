"""Names of a storage, of the network to it, and of the objects in it.

Invariant: values only.
"""

import os
import re
import ssl
import unicodedata
from collections.abc import Callable
from typing import Self

from attrs import field, frozen
from yarl import URL

from mi_async._core.http_messages import Response
from mi_async.errors import ConfigError, InvalidArgumentError
from mi_async.models import Serializable

STORAGE_URL = "https://kr.object.ncloudstorage.com"
REGION = "kr-standard"
SCHEME = "s3://"
MOST_KEY_BYTES = 1024
"""Bytes of the longest key in UTF-8, as S3 has it."""
NAMEABLE = re.compile(r"[A-Za-z0-9._-]{1,255}")
"""Bucket names that a request can carry; new buckets have 3 to 63 of small letters, digits, dots and hyphens."""


def _url(text: str) -> str:
    try:
        url = URL(text) if isinstance(text, str) else URL()
    except ValueError:
        url = URL()
    if url.scheme not in {"http", "https"} or not url.host or "@" in text or url.query_string or url.fragment:
        message = "the URL of a storage must be http(s)://host[:port], without a user"
        raise ConfigError(message)
    return str(url).rstrip("/")


def _named(_instance: object, attribute: object, value: object) -> None:
    if not isinstance(value, str) or not value:
        message = f"the {getattr(attribute, 'name', 'name')} of a storage is a name, not {value!r}"
        raise ConfigError(message)


@frozen
class Storage:
    """An S3-compatible storage; the keys are those of the session.

    Args:
        url: of the storage; the default is NAVER Cloud Object Storage, region Korea.
        region: by which requests are signed.
        ca_file: file of certificates (PEM) to trust instead of the usual ones; read with the first request, which
            fails with ConfigError if it cannot be used.

    Raises:
        ConfigError: a URL or region that cannot be one.
    """

    url: str = field(default=STORAGE_URL, converter=_url)
    region: str = field(default=REGION, validator=_named)
    ca_file: str | None = None


@frozen
class Network:
    """Network settings of the storage.

    Attributes:
        connect: seconds to connect; None for ever.
        read: seconds between two pieces of an answer; None for ever.
        proxy: URL of an HTTP proxy; None for none.
        agent: what we are called.
        ssl_context: certificates to trust; None for those of the system. A ``ca_file`` of the storage goes before it.
        largest: bytes of the largest answer that is read; a page of a listing with the longest keys has some 4 MB.
    """

    connect: float | None
    read: float | None
    proxy: str | None = field(default=None, repr=False)  # may hold a password
    agent: str = "mi-async"
    ssl_context: ssl.SSLContext | None = field(default=None, repr=False)
    largest: int = 16 * 2**20


@frozen
class StoredObject(Serializable):
    """An object in a bucket, by name; ``StoredObject.parse("s3://bucket/key")`` is the same.

    Args:
        bucket: its name: letters, digits, dots, hyphens and underscores.
        key: full name of the object, at most 1,024 bytes in UTF-8; may hold slashes and any script.

    Raises:
        InvalidArgumentError: no such object can exist.
    """

    bucket: str
    key: str

    def __attrs_post_init__(self) -> None:
        """Refuse what cannot be a name."""
        try:
            fits = 0 < len(self.key.encode()) <= MOST_KEY_BYTES
        except UnicodeEncodeError:
            fits = False
        if not NAMEABLE.fullmatch(self.bucket) or not fits or self.key.endswith("/"):
            message = f"not an object of a bucket: {str(self)!r}"
            raise InvalidArgumentError(message)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``s3://bucket/key``; the key is taken as it is, nothing in it is decoded."""
        bucket, _, key = text.removeprefix(SCHEME).partition("/")
        return cls(bucket, key)

    def __str__(self) -> str:
        """Write as ``s3://bucket/key``."""
        return f"{SCHEME}{self.bucket}/{self.key}"

    @property
    def names(self) -> dict[str, str]:
        """Parameters that name it in a request."""
        return {"Bucket": self.bucket, "Key": self.key}


@frozen
class Prefix:
    """All objects of a bucket whose keys begin alike."""

    bucket: str
    prefix: str

    def __str__(self) -> str:
        """Write as ``s3://bucket/prefix``."""
        return f"{SCHEME}{self.bucket}/{self.prefix}"

    @property
    def names(self) -> dict[str, str]:
        """Parameters that name it in a request."""
        return {"Bucket": self.bucket, "Prefix": self.prefix}


@frozen
class Call:
    """One request to the storage, for messages; ``str()`` of it names it.

    Attributes:
        operation: botocore's name for it.
        place: what it is about.
        url: of the storage.
        body: bytes that go along; None for none, or for those that the library makes.
        heard: is given the answer, whatever it says; None where nobody wants it.
    """

    operation: str
    place: StoredObject | Prefix
    url: str
    body: bytes | None = field(default=None, repr=False)
    heard: Callable[[Response], None] | None = field(default=None, repr=False)

    def __str__(self) -> str:
        return f"{self.operation} of {self.place} at {self.url}"


def key_of_file(path: str, key: str | None) -> str:
    """Return the key of a file's object, in Unicode NFC, so that a name typed on one system is found on another.

    Args:
        path: of the file, whose name is the key by default.
        key: the key, if one was given.

    Raises:
        InvalidArgumentError: it would be empty.
    """
    name = os.path.basename(path) if key is None else key  # noqa: PTH119  a million of them
    if not name:
        given = f"{path!r} names no file" if path else "the path is empty"
        message = f"not a media file: {given}" if key is None else "key is empty; leave it out for the name of the file"
        raise InvalidArgumentError(message)
    return unicodedata.normalize("NFC", name)
