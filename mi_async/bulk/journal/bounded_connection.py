"""A connection to PostgreSQL that waits for an answer within a limit.

Invariant: a server that says nothing, such as one that was paused, is a connection that broke.
"""

from collections.abc import Generator
from typing import Any

import psycopg
from psycopg.abc import RV, PQGen

from mi_async.bulk.journal.server_wait import SilenceLimit

PROMPT = 0.05
"""Seconds within which a generator is resumed only if something has come."""


class BoundedConnection(psycopg.Connection[Any]):
    """A connection that is closed when the server was silent for too long in the middle of a request.

    The parameters of TCP end the wait for a machine that is gone. The system of one whose server stands still
    acknowledges what it is sent, and libpq has no limit for reads.

    Attributes:
        limit: to the silence; a thread that waits without end keeps a program from ending, too.
    """

    limit: SilenceLimit = SilenceLimit()

    def wait(self, gen: PQGen[RV], *more: Any, **named: Any) -> RV:
        """Complete an exchange with the server.

        Raises:
            OperationalError: the server was silent for too long.
        """
        return super().wait(self._bounded(gen, self.limit), *more, **named)

    def _bounded(self, gen: PQGen[RV], limit: SilenceLimit) -> Generator[Any, Any, RV]:
        """Pass on what the generator waits for; it is resumed when something has come, and every tenth of a second.

        Older versions of psycopg resume it then as if something had come, so only the time tells which it is.
        """
        since = limit.clock.steady()
        try:
            wanted = next(gen)
            while True:
                asked = limit.clock.steady()
                ready = yield wanted
                if (now := limit.clock.steady()) - asked < PROMPT:
                    since = now
                wanted = gen.send(ready)
                if limit.is_over(since):
                    self.pgconn.finish()
                    message = "the server has accepted a request and says nothing"
                    raise psycopg.OperationalError(message)
        except StopIteration as ended:
            found: RV = ended.value
            return found
