"""Sessions for tests of pytest-asyncio: a fixture for each scope of event loops, since a session belongs to its loop.

Invariant: imported only where pytest-asyncio is a plugin already.
"""

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any, Literal

import pytest_asyncio

if TYPE_CHECKING:
    from mi_async import Session
    from mi_async.emulator import RunningEmulator

Scope = Literal["function", "class", "module", "package", "session"]


def _fixture(scope: Scope) -> Any:
    async def opened(mi_emulator: "RunningEmulator") -> "AsyncGenerator[Session]":
        from mi_async.integrations.pytest_emulator import session_with  # noqa: PLC0415  for tests that ask

        async with session_with(mi_emulator) as session:
            yield session

    return pytest_asyncio.fixture(opened, loop_scope=scope, name=f"_mi_session_{scope}")


of_function: Any = _fixture("function")
of_class: Any = _fixture("class")
of_module: Any = _fixture("module")
of_package: Any = _fixture("package")
of_session: Any = _fixture("session")
