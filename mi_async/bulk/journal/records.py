"""Records of a journal: one row per person, image or media file, always whole.

Invariant: frozen values; a row replaces the row of the same key.
"""

import hashlib
from typing import TypeAlias

from attrs import evolve, field, frozen

from mi_async.bulk.engine.outcome import Status
from mi_async.bulk.journal.actions import ActionRecord, PlanRecord
from mi_async.storage.models import SCHEME
from mi_async.workflows.ingest.models import IngestState
from mi_async.workflows.upload import State

SHOWN = 4
"""Characters of an access key that anybody may see."""


@frozen
class Identity:
    """Owner of a journal, which is refused for any other.

    Attributes:
        endpoint: base URL of the service.
        access_key: the account's key, of which only a fingerprint is written; the secret never is.
        workspace: name.
        operation: ``enroll``, ``upload-thumbnails``, ``ingest`` or ``curate``.
    """

    endpoint: str
    access_key: str = field(repr=False)
    workspace: str
    operation: str

    @property
    def stored(self) -> "Identity":
        """The identity as it is written: with a fingerprint of the access key."""
        return evolve(self, access_key=key_fingerprint(self.access_key))


def key_fingerprint(access_key: str) -> str:
    """Return what tells an access key from others and does not reveal it: its last characters, and a hash."""
    digest = hashlib.sha256(f"mi-async journal\0{access_key}".encode("utf-8", "surrogatepass")).hexdigest()
    return f"{access_key[-SHOWN:]}:{digest[:32]}"


def masked_fingerprint(fingerprint: str) -> str:
    """Return as much of an access key as people may see, from its fingerprint."""
    return f"...{fingerprint.rpartition(':')[0]}"


@frozen(weakref_slot=False)  # else no draft has its layout
class PersonRecord:
    """A person.

    Attributes:
        person: the name in Unicode NFC, or for ``upload-thumbnails`` the number as text; the key of the row.
        status: ``open``, or how it ended last: a value of ``Status``.
        person_id: number at the service once it is known to exist.
        tags: names of the tags that the person has been given.
        code: of the failure, '' for none.
        message: of the failure.
        origin: where it was read.
        run: number of the run that saw it last.
    """

    person: str
    status: str = "open"
    person_id: int | None = None
    tags: tuple[str, ...] = ()
    code: str = ""
    message: str = ""
    origin: str = ""
    run: int = 0


def worst(first: PersonRecord, second: PersonRecord) -> PersonRecord:
    """Return the second row of a person with the status of both; the order of the rows does not matter."""
    given = {first.status, second.status} - {OPEN}
    if len(given) > 1:
        mixed = Status.PARTIAL if Status.DONE.value in given else Status.FAILED
        status = next((end for end in WORSE if end in given), mixed.value)
    else:
        status = next(iter(given), OPEN)
    told = second if second.code else first
    return evolve(second, status=status, code=told.code, message=told.message)


@frozen(weakref_slot=False)  # else no draft has its layout
class ImageRecord:
    """A picture of a person.

    Attributes:
        person: whose; with ``sha256`` the key of the row.
        sha256: hex digest of the source's content, or ``unreadable:`` and the source.
        source: path, or ``<bytes>``.
        size: bytes of the source.
        mtime_ns: when the file was changed last, 0 where the source is no file; with path and size it tells that a file
            need not be read again.
        state: the upload's, or ``failed``.
        thumbnail_key: while the upload is at the service.
        primary: whether it becomes the main picture.
        stored_at: seconds since the epoch when it was stored, or the earliest time that is possible where nobody knows:
            from its presigned URL to the record of its PUT, when the URL was issued; 0 before; a key is good for 24
            hours.
        code: of the failure, '' for none.
        message: of the failure.
        note: what was done to it (made smaller).
    """

    person: str
    sha256: str
    source: str
    size: int = 0
    mtime_ns: int = 0
    state: str = State.NEW.value
    thumbnail_key: str | None = None
    primary: bool = False
    stored_at: float = 0.0
    code: str = ""
    message: str = ""
    note: str = ""

    @property
    def in_flight(self) -> bool:
        """True if its upload was begun and has not ended: it may be at the service."""
        return self.state in IN_FLIGHT

    @property
    def can_become_primary(self) -> bool:
        """Return True if the person has the image, and not as the primary one."""
        return self.state == State.ATTACHED.value and not self.primary

    @property
    def left(self) -> str | None:
        """Key of a picture that is at the service although no person has it, None for any other."""
        failed = self.state == FAILED and self.stored_at > 0
        return self.thumbnail_key if failed or self.state in (State.STORED.value, State.CONFIRMED.value) else None


@frozen
class AbandonedRecord:
    """An upload that was started over or given up: a picture that may be at the service although no person has it.

    Attributes:
        thumbnail_key: its key; the service lets it go 24 hours after the upload.
        person: whose it would have been.
        source: path of the picture.
        reason: why it was let go.
    """

    thumbnail_key: str
    person: str
    source: str
    reason: str


@frozen
class AssetRecord:
    """A media file.

    Attributes:
        project_id: number of the project; with bucket and key the key of the row.
        bucket: of the object, '' where there can be none.
        key: full name of the object.
        source: path of the file, or ``s3://bucket/key`` of an object that was there.
        size: bytes, as they were when it was stored; 0 before.
        mtime_ns: when the file was changed last, likewise; with the size it tells that a file is the same.
        state: how far it is, a value of ``IngestState``.
        status: ``open``, or how it ended last: a value of ``Status``.
        asset_id: number of the asset once it is known to exist.
        earlier: numbers of the assets of this key that there were before it was stored, then before it was registered.
        fresh: whether a run has stored the object, so that none of the earlier assets is of it.
        code: of the failure, '' for none.
        message: of the failure.
        origin: where it was read.
        run: number of the run that saw it last.
    """

    project_id: int
    bucket: str
    key: str
    source: str = ""
    size: int = 0
    mtime_ns: int = 0
    state: str = IngestState.NEW.value
    status: str = "open"
    asset_id: int | None = None
    earlier: tuple[int, ...] = ()
    fresh: bool = False
    code: str = ""
    message: str = ""
    origin: str = ""
    run: int = 0

    @property
    def place(self) -> str:
        """The object as ``s3://bucket/key``, '' where there can be none."""
        return f"{SCHEME}{self.bucket}/{self.key}" if self.bucket else ""

    @property
    def reached(self) -> IngestState:
        """State of the ingestion."""
        return IngestState(self.state)


def pair_of(person: str, source: str) -> str:
    """Return one name for a person's image."""
    return f"{person}\n{source}"


def rejected_key(name: str, origin: str) -> str:
    """Return the key of a row for an item that was refused before anything was sent: a name that nobody has."""
    return f"{name[:LONGEST]} [{origin}]".strip()


LONGEST = 500
"""Characters of a refused name that are kept: PostgreSQL has no index of keys above 2,700 bytes."""
INGEST = "ingest"
"""Name of a run over media files in the journal."""
CURATE = "curate"
"""Name of a run that names and merges persons, in the journal."""
NOWHERE = "-"
"""In the place of the bucket in a plan: without a request it is not known."""
UPLOAD = "upload-thumbnails"
"""Name of a run over single images in the journal."""
Record = PersonRecord | ImageRecord | AbandonedRecord | AssetRecord | ActionRecord | PlanRecord
IN_FLIGHT = frozenset({State.PRESIGNED.value, State.STORED.value, State.CONFIRMED.value})
"""States of uploads that were begun and have come to no end."""
FAILED = "failed"
"""State of a picture that is not tried again, beside the states of an upload."""
MENDED = "mended"
"""State of a source that could not be read once and can now; the picture has a row of its own."""
UNREADABLE = "unreadable:"
"""Before the source, in place of the hash of a picture that could not be read; see ``unread_key``."""
LONGEST_SOURCE = 400
"""Characters of a source as part of a key: an index of PostgreSQL takes 2,700 bytes, and a path may have 4,095."""
WORSE = (Status.PARKED.value, Status.PARTIAL.value)
"""Statuses of a person that those of other items do not change, the first before the second."""
OPEN = "open"
"""Status of a person that is not finished."""
FINAL = frozenset({State.ATTACHED.value, FAILED})
"""States of a picture about which nothing is left to do."""
AGAIN = frozenset({Status.PARKED.value, Status.REJECTED.value})
"""Ways to end after which the next run looks at an item again."""
Known: TypeAlias = tuple[PersonRecord, tuple[ImageRecord, ...]]
"""A person with the pictures that the journal has."""


def unread_key(source: str) -> str:
    """Return what stands in place of the hash of a picture that could not be read."""
    if len(source) > LONGEST_SOURCE:
        source = f"sha256:{hashlib.sha256(source.encode(errors='surrogatepass')).hexdigest()}"
    return UNREADABLE + source
