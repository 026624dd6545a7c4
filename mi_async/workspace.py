"""A workspace: its groups of operations, and the workflows as methods, which stand by theme in modules of their own.

Invariant: adds no behaviour of its own. Workflows and the bulk engine are imported by the methods that need them: a
program that makes single calls does not pay for them. The first workflow loads what any of them needs.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Generator
from functools import cached_property
from typing import TYPE_CHECKING, NoReturn, Unpack

import mi_async
from mi_async._core.live_object import refuse_pickling
from mi_async._core.modules import are_loaded, load_modules
from mi_async.api import WorkspaceGroups
from mi_async.archive_workflows import ArchiveWorkflows
from mi_async.asset_workflows import AssetWorkflows
from mi_async.bulk_workflows import BulkWorkflows
from mi_async.person_workflows import PersonWorkflows

if TYPE_CHECKING:
    from mi_async._core.call import Calls
    from mi_async.workflows.context import Context

WORKFLOWS = (
    "mi_async.bulk.images.image_converter",
    "mi_async.bulk.inputs.media_files",
    "mi_async.bulk.run",
    "mi_async.workflows.enroll",
    "mi_async.workflows.ingest.workflow",
    "mi_async.workflows.jobs.start",
    "mi_async.workflows.query_image",
    "mi_async.workflows.search.hits",
    "mi_async.workflow_parts",
)
"""Modules that the first workflow imports: out of file descriptors, a later one could not."""


class Workspace(PersonWorkflows, AssetWorkflows, BulkWorkflows, ArchiveWorkflows):
    """One workspace: its groups of operations as attributes, and workflows as methods.

    ``newsroom = session.workspace("newsroom")`` makes one and asks the service nothing. Then, for example::

        person = await newsroom.enroll_person("Gildong Hong", ["hong.jpg"], tags=["Anchor"])
        person = await newsroom.persons.get(person.id)
        async for scene in newsroom.search_scenes("goal", persons=[person.id]):
            print(scene)

    Groups, with a method for each call of the API: ``persons``, ``person_tags``, ``thumbnails``, ``projects``,
    ``assets``, ``indexes``, ``scene_summaries`` and ``search``; ``help(newsroom.persons)`` lists the calls.

    Workflows, of several calls each: :meth:`enroll_person`, :meth:`upload_thumbnail`, :meth:`ingest_asset` and
    :meth:`search_scenes`; for any number of items :meth:`enroll_many`, :meth:`upload_thumbnails` and
    :meth:`ingest_many`; jobs by :meth:`import_asset`, :meth:`analyze`, :meth:`summarize`, :meth:`start_search` and
    :meth:`job`.

    Archives: :meth:`plan_sync`, :meth:`sync`, :meth:`watch`, :meth:`stored_assets`, :meth:`back_up`,
    :meth:`plan_restore`, :meth:`restore`, :meth:`rebuild_journal` and :meth:`usage`; who persons are:
    :meth:`unnamed_persons`, :meth:`duplicate_persons`, :meth:`plan_curation`, :meth:`curate` and :meth:`compare_many`.
    """

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled or copied."""
        refuse_pickling(self, "connect() where it runs, and take session.workspace(name) there")

    def __init__(self, calls: Calls, name: str, context: Callable[[str, Calls], Context]) -> None:
        super().__init__(calls, name)
        self._calls, self._make_context = calls, context

    # help() begins with it, and nobody but a session makes a workspace.
    __init__.__dict__["__signature__"] = inspect.Signature(
        [inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)]
    )

    def __repr__(self) -> str:
        """Name the workspace."""
        return f"Workspace({self.name!r})"

    def _repr_html_(self) -> str:
        """Show the workspace in a notebook; nobody is asked whether it exists."""
        from mi_async.notebook import card

        rows = [("service", self._calls.transport.origin)]
        rows += [("session", "closed" if self._calls.lifetime.ended else "open")]
        groups = [(name, told.partition(";")[0]) for name, told in WorkspaceGroups.__slots__.items() if name != "name"]
        return card(f"Workspace · {self.name}", rows + groups)

    def __rich_repr__(self) -> Generator[str]:
        """Name the workspace to rich, which else shows all that it holds."""
        yield self.name

    def with_options(self, **options: Unpack[mi_async.CallOptions]) -> Workspace:
        """Return a view of the workspace whose calls have other options: ``session.with_options`` says which.

        ``await newsroom.with_options(timeout=5).persons.get(1001)`` changes them for one call. Workflows, jobs and
        bulk runs of a view make their calls with its options.
        """
        return Workspace(self._calls.with_options(options), self.name, self._make_context)

    @cached_property
    def _context(self) -> Context:
        """Dependencies of the workflows; the first use imports these."""
        return self._make_context(self.name, self._calls)

    async def _ready(self) -> Context:
        """Return the dependencies of the workflows; imports these off the event loop where that was not done yet."""
        if not are_loaded(WORKFLOWS):
            await asyncio.to_thread(load_modules, WORKFLOWS)
        return self._context
