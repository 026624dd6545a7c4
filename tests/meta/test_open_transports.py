"""An open connection is seen, whether it is read from or not."""

import asyncio
from asyncio.subprocess import PIPE
from typing import Any

from tests.support.sockets import open_transports, sockets_closed


async def test_each_open_socket_and_pipe_is_seen_until_it_is_closed() -> None:
    async with sockets_closed():
        server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
        _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        own: Any = writer.transport
        own.pause_reading()  # the selector does not know it now
        assert own in open_transports()
        writer.close()
        assert own not in open_transports()
        process = await asyncio.create_subprocess_exec("cat", stdin=PIPE, stdout=PIPE)
        assert len(open_transports()) >= 2
        await asyncio.wait_for(process.communicate(b""), 60)
        server.close()
    assert open_transports() == []
