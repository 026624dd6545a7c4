"""Rows of a journal, as far as a sync or watch of one source with one project is concerned.

Invariant: read only. A journal that has registered the media of the source in other projects only is refused: all of it
would be registered a second time.
"""

from collections.abc import Mapping

from attrs import field, frozen

from mi_async.bulk.journal.place import Journalled, journal_error
from mi_async.bulk.journal.records import INGEST, AssetRecord, Identity
from mi_async.bulk.plan.dedup import existing
from mi_async.sync.bucket_source import BucketSource
from mi_async.sync.folder_source import FolderSource
from mi_async.workflows.context import Context


@frozen
class KnownRows:
    """Rows of a journal about the media of a source.

    Attributes:
        own: rows of the source in the project, by key.
        elsewhere: assets of other projects, by bucket and key of their object.
    """

    own: Mapping[str, AssetRecord] = field(factory=dict)
    elsewhere: Mapping[tuple[str, str], AssetRecord] = field(factory=dict)


async def identity_of(context: Context) -> Identity:
    """Return the identity of a journal of media files of a workspace."""
    return Identity(context.endpoint, await context.account(), context.groups.name, INGEST)


def read_known(
    journal: Journalled, source: FolderSource | BucketSource, project_id: int, identity: Identity
) -> KnownRows:
    """Return what a journal knows of a source and a project; blocks.

    Raises:
        JournalError: it belongs to something else, or has registered the media of the source in other projects only.
    """
    if existing(journal) is None:
        return KnownRows()
    from mi_async.bulk.journal.header import words_of  # noqa: PLC0415  brings SQLAlchemy, an extra
    from mi_async.bulk.journal.reader import read_journal  # noqa: PLC0415  same

    own, elsewhere, others = dict[str, AssetRecord](), dict[tuple[str, str], AssetRecord](), set[int]()
    with read_journal(journal) as reader:
        if reader.begun and reader.identity != identity.stored:
            reason = f"it belongs to {words_of(reader.identity)}, and this run is for {words_of(identity.stored)}"
            raise journal_error(journal, reason)
        for row in reader.assets():
            if row.project_id != project_id and row.asset_id is not None:
                elsewhere[row.bucket, row.key] = row
            if not row.bucket or not source.has_brought(row):
                continue
            if row.project_id == project_id:
                own[row.key] = row
            elif row.asset_id is not None:
                others.add(row.project_id)
    if others and not own:  # a project that was forgotten: all would be ingested anew, into another one
        reason = (
            f"it has registered the media of {source.name} in project {', '.join(map(str, sorted(others)))}, and this "
            f"run is for project {project_id}: name that project, or another journal for this one"
        )
        raise journal_error(journal, reason)
    return KnownRows(own, elsewhere)
