"""The keys of a session, and the service's clock by which requests are signed with them.

Invariant: keys that are about to expire are fetched once, however many calls wait for them.
"""

import asyncio
import logging
import math

from attrs import define, field

from mi_async._core.clock import Clock
from mi_async._core.envelope import date
from mi_async._core.failed_attempt import correction_line
from mi_async._core.http_messages import Response
from mi_async.credentials import Credentials, CredentialsProvider
from mi_async.errors import AuthenticationError, CredentialsError, MIError

_log = logging.getLogger(__name__)

EXPIRY_MARGIN = 120.0
"""Seconds before they expire at which temporary keys are fetched anew."""

SKEW_WORTH_LEARNING = 30.0
"""Seconds: a smaller change of the clock offset cannot explain a rejected timestamp."""

TEMPORARY = "temporary"
"""Account of keys that expire: the next ones mean the same account."""


@define(eq=False)
class SessionKeys:
    """Keys of a session, fetched from their provider when they are needed.

    Args:
        provider: where keys come from.
        clock: the time.

    Attributes:
        lasting: keys that never expire, once they were fetched; None before that and for temporary ones.
        offset: seconds by which the service's clock is ahead of ours, as far as its refusals have shown.
    """

    provider: CredentialsProvider
    clock: Clock
    lasting: Credentials | None = field(init=False, default=None)
    offset: float = field(init=False, default=0.0)
    _latest: Credentials | None = field(init=False, default=None)
    _good_until: float = field(init=False, default=math.inf)
    _fetching: asyncio.Lock = field(init=False, factory=asyncio.Lock)

    async def current(self) -> Credentials:
        """Return keys that are still good, fetched once however many calls wait for them."""
        async with self._fetching:
            keys = self._latest
            if keys is None or self._good_until <= self.clock.wall():
                keys = self._latest = await self._fetch()
                self.lasting = keys if keys.expires_at is None else None
            return keys

    async def account(self) -> str:
        """Return the access key, or ``temporary`` for one that expires: the next one means the same account."""
        keys = self._latest or await self.current()
        return keys.access_key if keys.expires_at is None else TEMPORARY

    def learn_offset(self, error: MIError, response: Response, used: float) -> None:
        """Learn the service's clock from a refusal whose timestamp was off, and mark the error as worth one retry.

        The offset that the refused attempt used is compared, and not the one of now: of a hundred calls that are
        refused at once the first corrects the clock, and all of them are worth a retry.
        """
        if not isinstance(error, AuthenticationError) or (moment := date(response.headers)) is None:
            return
        offset = moment - self.clock.wall()
        if abs(offset - used) >= SKEW_WORTH_LEARNING:
            if abs(offset - self.offset) >= SKEW_WORTH_LEARNING:  # else another call has learnt it
                _log.warning("%s", correction_line(offset))
            self.offset = offset
            error.clock_corrected = True
        if abs(offset) >= SKEW_WORTH_LEARNING:
            error.name_offset(offset)

    async def _fetch(self) -> Credentials:
        try:
            keys: object = await self.provider.credentials()
        except MIError:
            raise
        except Exception as error:  # whatever a user's provider raises
            message = f"the credentials provider failed: {type(error).__name__}"
            raise CredentialsError(message) from error
        if not isinstance(keys, Credentials):
            message = f"the credentials provider gave a {type(keys).__name__}, not mi_async.Credentials"
            raise CredentialsError(message)
        left = math.inf if keys.expires_at is None else keys.expires_at - self.clock.wall()
        if left <= 0:
            message = "the credentials provider gave keys that have expired already"
            raise CredentialsError(message)
        # Keys that live shorter than twice the margin would otherwise be fetched again for every call.
        self._good_until = self.clock.wall() + max(left - EXPIRY_MARGIN, left / 2)
        return keys
