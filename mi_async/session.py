"""A session: the calls, quotas, keys and sockets that everything of a program shares.

Invariant: a session that one holds is complete; nothing asynchronous happens outside connect and aclose.
"""

from __future__ import annotations

import asyncio
import inspect
import ssl
from collections.abc import Generator, Iterable, Mapping
from contextlib import AsyncExitStack
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Unpack

from attrs import define, field

import mi_async
from mi_async._core.call import Calls
from mi_async._core.call_settings import CallOptions
from mi_async._core.limits import QuotaState
from mi_async._core.live_object import refuse_pickling
from mi_async._core.modules import load_modules
from mi_async._core.session_quotas import SessionQuotas
from mi_async._core.shown_signature import show_annotations
from mi_async.argument_checks import check_workspace_name, checked
from mi_async.argument_types import UsageWatch
from mi_async.errors import SessionError
from mi_async.settings import ConnectSettings
from mi_async.text import MaskedURL
from mi_async.workspace import WORKFLOWS, Workspace

if TYPE_CHECKING:
    from mi_async.storage.object_store import ObjectStore
    from mi_async.workflow_parts import WorkflowParts
    from mi_async.workflows.context import Context

WORKSPACES = 1000
"""Workspaces that a session remembers; names may come from the users of a web service."""


@define(eq=False)
class Session:
    """An open connection to the service: quotas, keys and sockets that all calls share.

    ``async with mi_async.connect() as session:`` opens and closes one; or ``session = await mi_async.connect()``, and
    ``await session.aclose()`` at the end. Keep one for the life of a program, in the event loop that opened it.

    Most work begins with ``newsroom = session.workspace("newsroom")``, see :class:`mi_async.Workspace`. Calls that
    concern no workspace are in ``session.workspaces`` and ``session.query_assets``; ``session.job(token)`` finds a job
    of another process; ``session.quota`` shows what each quota allows now.
    """

    __signature__: ClassVar[inspect.Signature] = (
        inspect.Signature()
    )  # help() begins with it, and nobody but connect() makes one

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled or copied."""
        refuse_pickling(self, "connect() where it runs")

    _settings: ConnectSettings
    _calls: Calls
    _quotas: SessionQuotas
    _trust: ssl.SSLContext | None = field(repr=False)
    _storage_proxy: MaskedURL | None = field(repr=False)
    _loop: asyncio.AbstractEventLoop = field(factory=asyncio.get_running_loop)
    _origin: Session | None = None  # that a view is of, never a view itself
    _made: WorkflowParts | None = field(init=False, default=None)
    _workspaces: dict[str, Workspace] = field(init=False, factory=dict)

    @cached_property
    def workspaces(self) -> mi_async.api.Workspaces:
        """The account's workspaces."""
        load_modules(["mi_async.api.workspaces"])
        from mi_async.api.workspaces import Workspaces  # noqa: PLC0415  not before it is needed

        return Workspaces(self._calls)

    @cached_property
    def query_assets(self) -> mi_async.api.QueryAssets:
        """Uploads of images to search with."""
        load_modules(["mi_async.api.query_assets"])
        from mi_async.api.query_assets import QueryAssets  # noqa: PLC0415  as above

        return QueryAssets(self._calls)

    def workspace(self, name: str) -> Workspace:
        """Return the workspace of this name, mostly the same object; the service is not asked whether it exists.

        Raises:
            InvalidArgumentError: the name is no text, or blank.
        """
        found = self._workspaces.get(name) if isinstance(name, str) else None
        if found is None:  # 40 us and 6 kB each: in a web handler more than the rest of a call
            check_workspace_name(name)
            if len(self._workspaces) >= WORKSPACES:
                self._workspaces.clear()
            found = self._workspaces[name] = Workspace(self._calls, name, self._context)
        return found

    def with_options(self, **options: Unpack[CallOptions]) -> Session:
        """Return a view of the session whose calls have other options; it is not closed, the session is.

        A view costs microseconds and shares connections, quotas, keys and pollers: make one for each request, or for
        one call, ``session.with_options(timeout=5).workspaces.list()``. What is left out stays as it is, in a view of
        a view too. Workflows, jobs and bulk runs of a view make their calls with its options.

        Args:
            options: ``timeout``, seconds that a whole call may take, None for no limit; ``max_wait``, as in
                :func:`connect`; ``retry``, a :class:`RetryPolicy`; ``headers``, sent with each request to the API,
                and ``hooks``, both besides those that are set already.

        Raises:
            ConfigError: an option that cannot work, such as a header of the signature.
        """
        calls, origin = self._calls.with_options(options), self._origin or self
        return Session(self._settings, calls, self._quotas, self._trust, self._storage_proxy, self._loop, origin)

    async def ping(self) -> mi_async.Ping:
        """Make the cheapest signed call: it proves that network, clock and keys are good.

        Its time counts waits for retries; ``session.with_options(timeout=2, retry=RetryPolicy(max_attempts=1))`` makes
        one that answers soon, whatever it is.

        Raises:
            AuthenticationError: the keys are not accepted.
            MIError: any other failure.
        """
        load_modules(["mi_async.ping"])
        from mi_async.ping import ping  # noqa: PLC0415  not before it is needed

        return await ping(self._calls)

    @checked
    async def usage(
        self,
        workspaces: Iterable[str] | None = None,
        *,
        month: str | None = None,
        timezone: str = "Asia/Seoul",
        summaries: bool = True,
        concurrency: int = 8,
        progress: UsageWatch | None = None,
    ) -> mi_async.UsageReport:
        """Count what workspaces have used in a month: analyses, seconds of media, scene summaries, assets, persons.

        Counted is what answers of the service tell, so the report is no invoice: an asset has one index, and analyses
        that a later one replaced, or whose asset was deleted, are not visible; ``notes`` of the report say so. Times of
        the service have no zone and are taken as Korean time. :class:`PriceList` multiplies the counts by prices of
        yours. Each workspace costs four calls, each project one and one for every 1,000 assets, each asset one, and one
        more if it has an index and ``summaries`` are asked for; nothing is changed.

        Args:
            workspaces: names; by default all workspaces of the account that the keys may see.
            month: such as ``2026-11``, by default the current one.
            timezone: in which the month begins and ends, such as ``Asia/Seoul``, ``Europe/Berlin`` or ``UTC``.
            summaries: ask for scene summaries, which takes up to one more call for each asset.
            concurrency: calls in flight, 1 to 64.
            progress: a plain function, called with a :class:`UsageProgress` after each asset.

        Raises:
            InvalidArgumentError: a month, time zone or concurrency that cannot be; nothing was sent.
            NotFoundError, PermissionDeniedError: a workspace that was named does not exist, or the keys may not see it.
            MIError: any other failure. An asset whose index the service fails to send (5xx) is counted in ``unread``.

        Source: maiu-workspace-details, mi-list-assets, mi-get-index, mi-get-scene-summary-result, mi-search-persons.
        """
        parts = self._parts()
        from mi_async.workflows.usage.question import checked_month, usage_report  # noqa: PLC0415  not before it is needed

        now = self._settings.clock.wall()
        checked_month(month, timezone, now, concurrency)  # before the workspaces are asked for
        if workspaces is None:
            names = [each.workspace_name async for each in self.workspaces.all()]
        else:
            names = [workspaces] if isinstance(workspaces, str) else list(dict.fromkeys(workspaces))
        return await usage_report(
            [parts.context(name, self._calls) for name in names],
            now=now,
            month=month,
            timezone=timezone,
            summaries=summaries,
            concurrency=concurrency,
            progress=progress,
            all_of_account=workspaces is None,
        )

    def _context(self, name: str, calls: Calls) -> Context:
        return self._parts().context(name, calls)

    def _parts(self) -> WorkflowParts:
        """Return what workflows share, made with the first of them."""
        if self._origin is not None:
            return self._origin._parts()  # noqa: SLF001  its own class
        if self._made is None:
            load_modules(WORKFLOWS)
            from mi_async.workflow_parts import WorkflowParts  # noqa: PLC0415  not before it is needed

            self._made = WorkflowParts(
                self._settings, self._calls, self._quotas, self._trust, self._storage_proxy, self._loop
            )
        return self._made

    @property
    def _store(self) -> ObjectStore:
        return self._parts().store

    @checked
    def job(self, token: str) -> mi_async.Job[Any]:
        """Make a handle of a job that was written down as ``str(job)``, perhaps by another process.

        The service is not asked whether it exists. A token names a job of any workspace of the account, and can be
        guessed: of one that comes from outside, from a client of yours, make a handle by ``workspace.job(token)``.

        Args:
            token: kind, workspace and IDs: ``import:newsroom:101:1002`` (project and asset), ``index:...`` and
                ``summary:...`` likewise, ``search:newsroom:7gKx...``; the parts percent-encoded.

        Raises:
            InvalidArgumentError: it is none.
        """
        load_modules(WORKFLOWS)
        from mi_async.workflows.jobs.tokens import Token  # noqa: PLC0415  as above

        return self.workspace(Token.parse(token).workspace).job(token)

    @property
    def quota(self) -> Mapping[str, QuotaState]:
        """Live state of every quota, by operation id; shows itself as a table."""
        from mi_async.notebook import Tabled  # noqa: PLC0415  most programs never look

        return Tabled(self._quotas.states())

    async def check_quota_store(self) -> None:
        """Make one request to the quota store, to fail at the start of a program; does nothing without a store.

        Raises:
            QuotaStoreError: it does not answer; or, with ``permanent``, it can only fail until a setting is changed.
        """
        self._calls.lifetime.check()
        await self._quotas.check_store()

    @checked
    async def aclose(self, *, grace: float = 5.0) -> None:
        """Close the session; closing it again does nothing.

        New calls are refused at once. Those in flight get ``grace`` seconds; what is left then ends with SessionError.
        Waits for jobs end so at once; the jobs go on at the service.

        Raises:
            SessionError: it is open, and was opened in another event loop: its sockets cannot be closed from here. Or
                it is a view, made by :meth:`with_options`.
        """
        if self._origin is not None:
            message = "a view of with_options() has nothing of its own to close: close the session"
            raise SessionError(message)
        if asyncio.get_running_loop() is not self._loop:
            if self._calls.lifetime.ended:
                return
            message = "the session was opened in another event loop; close it there, with aclose() or async with"
            raise SessionError(message)
        async with AsyncExitStack() as closing:  # the last one first
            if self._made is not None:
                closing.push_async_callback(self._made.store.aclose)
            closing.push_async_callback(self._quotas.aclose)
            closing.push_async_callback(self._calls.aclose, grace)
            if self._made is not None:
                closing.push_async_callback(self._made.leave_jobs)

    def __repr__(self) -> str:
        """Name the service."""
        closed = ", closed" if self._calls.lifetime.ended else ""
        return f"Session({str(self._settings.base_url)!r}{closed})"

    def _repr_html_(self) -> str:
        """Show service, state and quotas in a notebook; nobody is asked."""
        from mi_async.notebook import Bar, card  # noqa: PLC0415  most programs never look

        ended = self._calls.lifetime.ended
        rows: list[tuple[str, str | Bar]] = [("state", "closed" if ended else "open")]
        for state in () if ended else self._quotas.states().values():
            window = f"{state.used:,} of {state.calls:,} in {state.period:g} s"
            rows.append(
                (state.operation, Bar(state.used / state.calls, " · ".join(filter(None, (window, state.reason)))))
            )
        return card(f"Session · {self._settings.base_url}", rows)

    def __rich_repr__(self) -> Generator[str | tuple[str, bool]]:
        """Name the service to rich, which else shows all that a session holds."""
        yield str(self._settings.base_url)
        if self._calls.lifetime.ended:
            yield "closed", True


show_annotations(Session)
for _name in {"__init__", "__getattr__"} & vars(Session).keys():  # made by attrs, and shown by help()
    vars(Session)[_name].__signature__ = inspect.Signature()
