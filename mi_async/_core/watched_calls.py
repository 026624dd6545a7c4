"""Calls whose hooks are told of them; the same calls, in the same way.

Invariant: made for a session or view with hooks only: the path of all others has nothing of this.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, cast

from attrs import Factory, define, field

from mi_async._core.address import absolute_url
from mi_async._core.call import Answer, Calls
from mi_async._core.hook_chain import CallWatch, HookChain
from mi_async._core.http_messages import Request, Response
from mi_async._core.operation import Operation
from mi_async._core.running_call import Guard, RunningCall


@define(eq=False)
class WatchedCalls(Calls):
    """Calls with hooks."""

    _hooks: HookChain = field(
        init=False, default=Factory(lambda self: HookChain(self.options.hooks, self.clock), takes_self=True)
    )

    def __attrs_post_init__(self) -> None:
        """Show the hooks to the workflows."""
        self.chain = self._hooks

    async def _call(
        self,
        operation: Operation,
        arguments: Mapping[str, Any],
        max_wait: float | None,
        result_of: Callable[[Any, Response], Any],
        guard: Guard | None = None,
        *,
        watch: CallWatch | None = None,  # noqa: ARG002  made here
    ) -> Any:
        async with self._hooks.watch(operation.id, "api", self.options.retry.max_attempts) as own:
            return await super()._call(operation, arguments, max_wait, result_of, guard, watch=own)

    async def _send(
        self,
        call: RunningCall,
        number: int,
        added: Mapping[str, str] | None = None,  # noqa: ARG002  what hooks have added to that of the options
    ) -> Answer:
        watch, request = cast("CallWatch", call.watch), call.request  # made with the call, above
        if self.keys.lasting is None:
            await self.keys.current()  # what a provider takes is no time of the service, and its failure no attempt
        attempt = await watch.ask(request, self.clock.real(call.in_flight.waited), self.options.headers)
        with watch.sending(attempt, len(request.body or b""), call.in_flight.deadline) as answers:
            try:
                answer = await super()._send(call, number, attempt.headers)
            finally:
                answers.extend(call.take_refused())
            answers.append(answer[1])
            return answer

    async def put(self, url: str, body: bytes, content_type: str, *, operation: str = "thumbnails.put") -> Response:
        """PUT to a presigned URL: a call of one attempt."""
        return await self._once(operation, "PUT", url, len(body), partial(super().put, url, body, content_type))

    async def get(self, url: str, most: int) -> Response:
        """GET a presigned URL: a call of one attempt."""
        return await self._once("thumbnails.get", "GET", url, 0, partial(super().get, url, most))

    async def _once(
        self, operation: str, method: str, url: str, size: int, send: Callable[[], Awaitable[Response]]
    ) -> Response:
        there = absolute_url(url)
        server = "" if there is None else str(there.origin())
        request = Request(method, "" if there is None else server + there.raw_path)
        async with self._hooks.watch(operation, "upload") as watch:
            watch.start(method, server, None)
            return await watch.once(request, size, send)
