"""The service, emulated: a real HTTP server built from the operation declarations, which enforces the documented rules.

    async with emulator.serve() as server:
        session = await mi_async.connect(server.credentials, base_url=server.url)

Invariant: shares declarations, signing and conversion with the client and nothing else of it.
"""

from mi_async.emulator.faults import Fault, Faults
from mi_async.emulator.objects import EmulatedObject
from mi_async.emulator.rules import Rejection
from mi_async.emulator.server import Server, run, serve
from mi_async.emulator.settings import CREDENTIALS, Latency, Mixture, Settings

__all__ = [
    "CREDENTIALS",
    "EmulatedObject",
    "Fault",
    "Faults",
    "Latency",
    "Mixture",
    "Rejection",
    "Server",
    "Settings",
    "run",
    "serve",
]
