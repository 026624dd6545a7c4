"""Hooks: callables that see, and may add headers to, each attempt of a call.

Invariant: run inside the retry loop, once per attempt; a hook sees neither the signature nor a secret.
"""

from collections.abc import Awaitable, Callable, Sequence

from attrs import field, frozen

from mi_async._core.http_messages import Request, Response
from mi_async._core.values import Value
from mi_async.errors import MIError


@frozen(eq=False, repr=False)
class Attempt(Value):
    """One attempt of a call, before it is signed.

    Attributes:
        operation: ID of the operation.
        request: method, target and body.
        number: from 1.
        headers: may be added to; sent with the request.
        waited: real seconds for which it waited for its quota.
    """

    operation: str
    request: Request
    number: int
    headers: dict[str, str] = field(factory=dict)
    waited: float = 0.0


@frozen(eq=False, repr=False)
class Outcome(Value):
    """The end of an attempt.

    Attributes:
        response: the answer, None when there was none.
        error: the failure, None on success.
        seconds: from sending to the end of the answer.
    """

    response: Response | None
    error: MIError | None
    seconds: float


@frozen(eq=False, repr=False)
class Hooks(Value):
    """Callables to run around each attempt; an exception in one ends the call.

    Args:
        before: awaited with the :class:`Attempt` after the wait for the quota and before signing.
        after: awaited with the :class:`Attempt` and its :class:`Outcome`; failures are outcomes too.
    """

    before: Sequence[Callable[[Attempt], Awaitable[None]]] = ()
    after: Sequence[Callable[[Attempt, Outcome], Awaitable[None]]] = ()

    def __bool__(self) -> bool:
        """Return True if there is any hook."""
        return bool(self.before or self.after)

    async def ask(self, attempt: Attempt) -> None:
        """Run what comes before an attempt."""
        for before in self.before:
            await before(attempt)

    async def tell(self, attempt: Attempt, outcome: Outcome) -> None:
        """Run what comes after an attempt."""
        for after in self.after:
            await after(attempt, outcome)
