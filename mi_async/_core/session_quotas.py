"""The quotas of a session: a limiter for each operation that has one, in this process or over a store.

Invariant: a session has either limiters of its own or shared ones, never both.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from attrs import define, field

from mi_async._core.clock import Clock
from mi_async._core.limits import LeaseLimiter, Limiter, QuotaState
from mi_async._core.operation import Quota
from mi_async.errors import QuotaStoreError

if TYPE_CHECKING:
    from mi_async._core.quota_store import QuotaStore, StoreConnection
    from mi_async._core.shared_limiter import SharedLimiter
    from mi_async._core.shared_pace import SharedPace


def account_tag(origin: str, account: str) -> str:
    """Return the name under which a store keeps the quotas of an account: the account is in it as a hash only."""
    return hashlib.sha256(f"{origin}\0{account}".encode()).hexdigest()[:12]


@define(eq=False)
class SessionQuotas:
    """Limiters by operation ID; made in the session's event loop.

    Args:
        quotas: by operation ID; with a store those of all processes together.
        clock: the time.
        share: part of this session of every pace.
        limiters: filled by one of the two methods, and never changed then.
    """

    quotas: Mapping[str, Quota]
    clock: Clock
    share: float = 1.0
    limiters: dict[str, Limiter] = field(init=False, factory=dict)
    _shared: "list[SharedLimiter]" = field(init=False, factory=list)
    _connection: "StoreConnection | None" = field(init=False, default=None)

    def keep_here(self) -> None:
        """Keep the quotas in this process."""
        self.limiters.update({name: LeaseLimiter(name, quota, self.clock) for name, quota in self.quotas.items()})

    def keep_in(self, store: "QuotaStore", tag: str) -> None:
        """Keep the quotas in a store, together with all who name the same one and the same tag."""
        from mi_async._core.shared_limiter import SharedLimiter  # noqa: PLC0415  most sessions need none

        self._connection = connection = store.open(tag)
        for name, quota in self.quotas.items():
            exchange = partial(connection.exchange, name)
            limiter = SharedLimiter(name, quota, self.clock, exchange, store.on_loss)
            self.limiters[name] = limiter
            self._shared.append(limiter)

    def states(self) -> dict[str, QuotaState]:
        """Show the live state of each."""
        return {name: limiter.state() for name, limiter in self.limiters.items()}

    async def check_store(self) -> None:
        """Make one request to the store that changes nothing.

        Raises:
            QuotaStoreError: it does not answer, or cannot be used.
        """
        if self._connection is None:
            return
        from mi_async._core.quota_store import new_holder  # noqa: PLC0415  most sessions need none
        from mi_async._core.shared_limiter import ANSWER  # noqa: PLC0415

        try:
            async with asyncio.timeout(ANSWER):
                await self._connection.present("check", new_holder(), 0.0)
        except TimeoutError as error:
            message = f"the quota store did not answer in {ANSWER:g} s"
            raise QuotaStoreError(message) from error

    def pace(self, name: str) -> "SharedPace":
        """Return the part of this session of a pace."""
        from mi_async._core.shared_pace import SharedPace  # noqa: PLC0415  for jobs alone

        return SharedPace(name, self.share, self._connection)

    async def aclose(self) -> None:
        """Give back what is held in a store, and close the connection to it."""
        if self._connection is None:
            return
        connection, self._connection = self._connection, None
        try:
            await asyncio.gather(*(limiter.aclose() for limiter in self._shared))
        finally:
            await connection.aclose()
