"""Subject of a diagnosis: the settings that are checked, and what the checks of one run share.

Invariant: opened once, closed with the run; nothing here decides what is wrong.
"""

import asyncio
import ssl
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any

from attrs import define, field

from mi_async._core.proxies import Proxies
from mi_async.credentials import Credentials, CredentialsProvider
from mi_async.doctor.exchange import Answered
from mi_async.session import Session
from mi_async.session_opening import Connecting
from mi_async.settings import ConnectSettings
from mi_async.storage.models import Storage
from mi_async.text import MaskedURL


@define(eq=False)
class Subject:
    """Settings that are checked, and what earlier checks have found.

    Attributes:
        given: arguments of connect(), as they were given.
        workspace: name; None for none.
        bucket: name; None for that of the workspace.
        journal: a path or a URL; None for none.
        environ: the environment that is described.
        seconds: the deadline of each check.
        network: False if nothing is to be sent.
        connecting: what connect() returned, when the arguments could be used.
        trust: certificates that are trusted.
        keys: the keys that were found.
        answered: what the service answered to a request without a signature.
        linked: the bucket that the workspace is linked to.
        looked_up: True if the workspace was found.
        may_list: True if the bucket could be listed.
    """

    given: Mapping[str, Any] = field(repr=False)
    workspace: str | None
    bucket: str | None
    journal: str | None = field(repr=False)  # may hold a password
    environ: Mapping[str, str] = field(repr=False)
    seconds: float
    network: bool
    closing: AsyncExitStack = field(factory=AsyncExitStack, repr=False)
    connecting: Connecting = field(init=False, repr=False)
    trust: ssl.SSLContext = field(init=False, repr=False)
    keys: Credentials = field(init=False)
    answered: Answered = field(init=False)
    linked: str | None = None
    looked_up: bool = False
    may_list: bool = False
    _session: Session | None = None
    _opening: asyncio.Lock = field(factory=asyncio.Lock)

    @property
    def settings(self) -> ConnectSettings:
        """The arguments of connect(), checked."""
        return self.connecting._settings  # noqa: SLF001  the session's own

    @property
    def provider(self) -> CredentialsProvider | None:
        """Credentials that the program gave."""
        provider: CredentialsProvider | None = self.given.get("credentials")
        return provider

    @property
    def profile(self) -> str | None:
        """Profile that was named."""
        profile: str | None = self.given.get("profile")
        return profile

    @property
    def storage(self) -> Storage:
        """Object Storage: what was given, else that of region Korea."""
        return self.settings.storage

    @property
    def bucket_name(self) -> str | None:
        """Bucket that was named, else that of the workspace."""
        return self.bucket or self.linked

    def proxy(self) -> MaskedURL | None:
        """Return the proxy to the service, None for none."""
        choice = self.settings.proxy
        return None if choice is None else Proxies(choice).of(self.settings.base_url)

    async def session(self) -> Session:
        """Return the session of all checks that sign, opened with the first."""
        async with self._opening:
            if self._session is None:
                self._session = await self.closing.enter_async_context(self.connecting)
            return self._session
