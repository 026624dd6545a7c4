"""Types of arguments that are more than a class: progress functions, inputs, and what to do with what is there.

Invariant: imports nothing of ours, so that signatures can name them, and ``typing.get_type_hints`` find them.
"""

from collections.abc import AsyncIterable, Callable, Iterable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar

if TYPE_CHECKING:
    import mi_async

T = TypeVar("T")

Progress: TypeAlias = Callable[["mi_async.Upload"], None]
"""Called with the upload after each step; an exception in it ends the workflow."""
IngestProgress: TypeAlias = Callable[["mi_async.Ingestion"], None]
"""Called whenever something has changed; an exception in it ends the workflow."""
UsageWatch: TypeAlias = Callable[["mi_async.UsageProgress"], object]
"""Called after each asset that was counted; an exception in it ends the question."""
CountProgress: TypeAlias = Callable[[int, int], None]
"""Called with how many are done, and how many there are; an exception in it ends the workflow."""
BackupWatch: TypeAlias = Callable[["mi_async.BackupProgress"], object]
"""Called some times a second with the present counts; an exception in it ends the backup."""
IfExists: TypeAlias = Literal["reuse", "duplicate", "error"]
"""Treatment of an asset of this object that the project has already: take it, make another, or refuse."""
IfPersonExists: TypeAlias = Literal["error", "reuse", "complete"]
"""Behaviour of a call for a name that somebody has: it is refused, gets that person, or adds what is missing."""
IfPersonKnown: TypeAlias = Literal["ignore", "ask", "attach"]
"""Treatment of a person to create whom somebody looks like: create it, refuse it, or give its images to that one."""
IfThumbnailExists: TypeAlias = Literal["duplicate", "reuse"]
"""Treatment of an image that the person has already: add it once more, or take the thumbnail that is there."""
Watch: TypeAlias = Callable[["mi_async.BulkRun"], AbstractContextManager[object]]
"""Returns the block in which a bulk run is awaited, such as :func:`mi_async.show`."""
RebuildProgress: TypeAlias = Callable[["mi_async.JournalRebuild"], None]
"""Called with the counts so far; an exception in it ends the rebuild, which can be gone on with."""
BulkOperation: TypeAlias = Literal["enroll_many", "upload_thumbnails"]
"""Methods of a workspace whose journal can be rebuilt from the service."""
Items: TypeAlias = Iterable[T] | AsyncIterable[T] | Callable[[], Iterable[T] | AsyncIterable[T]]
"""An input as it is given: items, or a function without arguments that begins a pass over them."""
