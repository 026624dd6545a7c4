"""Factories of bulk runs, by what they take, and what hooks are told of one."""

from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

from attrs import frozen

from mi_async._core.own_context import OwnContext
from mi_async.bulk.inputs.models import Input, PersonInput, ThumbnailUpload
from mi_async.bulk.journal.place import shown_journal
from mi_async.bulk.options import BulkOptions
from mi_async.bulk.report.report import BulkReport
from mi_async.workflows.context import Context, WorkflowWatch
from mi_async.workflows.ingest.options import IngestOptions
from mi_async.workflows.known_person import UNCOMPARED, KnownPerson, Likeness

if TYPE_CHECKING:
    from mi_async.bulk.curate.start import CurationRequest
    from mi_async.bulk.factory import WiredRun

KINDS = {
    "PersonInput": "enroll_many",
    "ThumbnailUpload": "upload_thumbnails",
    "AssetInput": "ingest_many",
    "PersonChange": "curate",
}
"""Kinds of workflows, as hooks are told of them, by the class of the items."""


@frozen
class EngineFactory:
    """Factory of a run.

    Attributes:
        takes: class of the items.
        workflow: returns a watch over the run, for hooks.
        make: returns a run that is ready to start; the stack closes what it opens.
    """

    takes: str
    workflow: WorkflowWatch
    make: Callable[[AsyncExitStack, Input, BulkOptions], "Coroutine[Any, Any, WiredRun]"]

    def watch(self, options: BulkOptions) -> OwnContext[dict[str, Any]]:
        """Return the watch over a run: hooks set context variables that whoever takes the outcomes must not see."""
        return OwnContext(self.workflow(KINDS[self.takes], journal=shown_journal(options.journal)))


def enroll_factory(
    context: Context,
    kind: type[PersonInput] | type[ThumbnailUpload],
    likeness: Likeness = UNCOMPARED,
    *,
    found: Callable[[KnownPerson], None] | None = None,
) -> EngineFactory:
    """Return the factory of runs over persons or images."""

    async def make(stack: AsyncExitStack, items: Input, options: BulkOptions) -> "WiredRun":
        # not before it is needed: many a program that imports the package makes no bulk run
        from mi_async.bulk.factory import enroll_run  # noqa: PLC0415

        return await enroll_run(context, kind, stack, items, options, likeness=likeness, found=found)

    return EngineFactory(kind.__name__, context.workflow, make)


def ingest_factory(context: Context, ingest: IngestOptions) -> EngineFactory:
    """Return the factory of runs over media files; the one place where their options are checked.

    Raises:
        InvalidArgumentError: the service would refuse what is requested after the upload.
    """
    ingest.check(context)

    async def make(stack: AsyncExitStack, items: Input, options: BulkOptions) -> "WiredRun":
        from mi_async.bulk.factory import ingest_run  # noqa: PLC0415  as above

        return await ingest_run(context, ingest, stack, items, options)

    return EngineFactory("AssetInput", context.workflow, make)


def curate_factory(context: Context, request: "CurationRequest") -> EngineFactory:
    """Return the factory of a run over a confirmed plan."""

    async def make(stack: AsyncExitStack, _: Input, options: BulkOptions) -> "WiredRun":
        from mi_async.bulk.factory import curate_run  # noqa: PLC0415  as above

        return await curate_run(context, request, stack, options)

    return EngineFactory("PersonChange", context.workflow, make)


def hook_summary(report: BulkReport) -> dict[str, Any]:
    """Return what hooks are told of the end of a run."""
    statuses = {status.value: items for status, items in report.counts.items() if items}
    return {"run": report.run, "ending": report.ending, "statuses": statuses}
