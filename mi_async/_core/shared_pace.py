"""A pace that several processes keep together: no quota, so nothing is leased; each asks at its part of the rate.

Invariant: what cannot be told to the store changes nothing; the part is then that of the last answer.
"""

import asyncio
import logging
from collections.abc import Generator
from contextlib import contextmanager, suppress

from attrs import define, field

from mi_async._core.quota_store import StoreConnection, new_holder
from mi_async.errors import MIError

_log = logging.getLogger(__name__)

PRESENT = 25.0
"""Real seconds for which a process counts after it was last heard of."""
SIGN = 10.0
"""Real seconds between signs of life while somebody waits."""
ANSWER, FAREWELL = 2.0, 1.0
"""Real seconds in which the store answers a sign of life, and the end of them."""


@define(eq=False)
class SharedPace:
    """The part of one session of a pace.

    Args:
        name: of the pace.
        share: fixed part of this session, up to 1.
        connection: to the store that counts who is there; None for no store.
    """

    name: str
    share: float = 1.0
    connection: StoreConnection | None = None
    _holder: str = field(init=False, factory=new_holder)
    _holders: int = field(init=False, default=1)
    _users: int = field(init=False, default=0)
    _task: asyncio.Task[None] | None = field(init=False, default=None)

    @property
    def part(self) -> float:
        """Part of the rate that this session may use now."""
        return self.share / self._holders

    @contextmanager
    def used(self) -> Generator[None]:
        """Count this process among those that use the pace, for a block."""
        self._users += 1
        if self.connection is not None and self._users == 1:
            self._task = asyncio.get_running_loop().create_task(self._stay(self.connection))
        try:
            yield
        finally:
            self._users -= 1
            if not self._users and self._task is not None:
                self._task.cancel()

    async def _stay(self, connection: StoreConnection) -> None:
        while True:
            try:
                async with asyncio.timeout(ANSWER):
                    self._holders = max(1, await connection.present(self.name, self._holder, PRESENT))
            except Exception as error:  # noqa: BLE001  a store may be anybody's
                _log.info("%s: %s", self.name, error if isinstance(error, MIError) else type(error).__name__)
            await asyncio.sleep(SIGN)

    async def aclose(self) -> None:
        """Leave, once nobody uses it."""
        if self.connection is not None and self._task is not None:
            await asyncio.wait([self._task])
            with suppress(Exception):  # the store finds out by itself
                async with asyncio.timeout(FAREWELL):
                    await self.connection.present(self.name, self._holder, 0.0)
