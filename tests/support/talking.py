"""Clients of a server that plays canned bytes: the bare transport, and a whole session."""

import socket
import ssl
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import attrs
import pytest
from yarl import URL

import mi_async
from mi_async import Credentials, RetryPolicy, Session, Timeout, WorkspaceInfo
from mi_async._core.proxies import ProxyChoice
from mi_async._core.transport import Transport
from tests.support.canned import Canned, canned, success

KEYS = Credentials("access", "s3cr3t-k3y")
ONCE = RetryPolicy(max_attempts=1)
WORKSPACE = success('{"workspaceName": "newsroom"}')
QUERY = "?X-Amz-Credential=a%2Fb%2Bc&X-Amz-Signature=s1gn4tur3"
MIB = 2**20


@asynccontextmanager
async def transport(
    url: str,
    limits: Timeout | None = None,
    *,
    max_response: int = MIB,
    proxy: ProxyChoice = None,
    trust: ssl.SSLContext | None = None,
) -> AsyncIterator[Transport]:
    """Open a transport that is closed at the end."""
    opened = Transport(URL(url), limits or Timeout(), None, proxy, "agent/1", max_response, trust)
    try:
        yield opened
    finally:
        await opened.aclose()


@asynccontextmanager
async def talking(*plays: Any, **settings: Any) -> AsyncIterator[tuple[Session, Canned]]:
    """Serve plays, and open a session with that server."""
    async with (
        canned(*plays) as server,
        mi_async.connect(KEYS, base_url=server.url, **{"retry": ONCE, **settings}) as session,
    ):
        yield session, server


async def asked(session: Session) -> WorkspaceInfo:
    """Make one call; ``WORKSPACE`` answers it."""
    return await session.workspaces.get("newsroom")


def shown_by(session: Session) -> str:
    """Return the repr of a session and of everything that it holds."""
    return "\n".join(map(repr, (session, *attrs.astuple(session, recurse=False))))


def nobody_there() -> str:
    """URL of a port on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def assert_silent(error: BaseException, caplog: pytest.LogCaptureFixture) -> None:
    """Assert that no error, traceback or log shows the query of a presigned URL."""
    shown = "".join(traceback.format_exception(error)) + str(error) + repr(error) + repr(error.__cause__) + caplog.text
    assert "X-Amz" not in shown
    assert "s1gn4tur3" not in shown
