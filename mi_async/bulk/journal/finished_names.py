"""Names of what a journal has ever taken to the service, for a plan that knows them again."""

from collections.abc import Iterator

from sqlalchemy import Connection, select

from mi_async._core.names import clean_name
from mi_async.bulk.engine.outcome import Status
from mi_async.bulk.journal.reader import AT_ONCE
from mi_async.bulk.journal.records import INGEST, MENDED, NOWHERE, UPLOAD, pair_of
from mi_async.bulk.journal.schema import assets, persons, pictures
from mi_async.bulk.journal.typed_rows import read_asset, read_image, read_person
from mi_async.storage.models import SCHEME


def finished_names(connection: Connection, operation: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Read what has ever been taken to the service, in the order of the keys: its name, and what an input may call it.

    Raises:
        DamagedError: a row cannot be read.
    """
    if operation == INGEST:
        query = select(assets).where(assets.c.bucket != "").order_by(assets.c.key, assets.c.bucket)
        for asset in map(read_asset, connection.execute(query.execution_options(yield_per=AT_ONCE))):
            yield asset.place, (asset.place, f"{SCHEME}{NOWHERE}/{asset.key}")
    elif operation == UPLOAD:
        query = select(pictures).where(pictures.c.state != MENDED).order_by(pictures.c.person, pictures.c.sha256)
        for image in map(read_image, connection.execute(query.execution_options(yield_per=AT_ONCE))):
            if not image.source.startswith("<"):  # content has no name
                yield f"{image.person}: {image.source}", (pair_of(image.person, image.source),)
    else:
        never = (persons.c.status == Status.REJECTED.value) & persons.c.person_id.is_(None)
        query = select(persons).where(~never).order_by(persons.c.person)
        for person in map(read_person, connection.execute(query.execution_options(yield_per=AT_ONCE))):
            yield person.person, (person.person, clean_name(person.person))  # schema 1 has others
