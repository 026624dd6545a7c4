"""The service, emulated: a real HTTP server built from the operation declarations, which enforces the documented rules.

    with emulator.running() as server:                 # a thread of its own: for any code
    async with emulator.serve() as server:             # in this event loop
    emulator.RemoteEmulator("http://127.0.0.1:8080")   # `mi-async emulator`, in another process

Invariant: shares declarations, signing and conversion with the client and nothing else of it.
"""

from mi_async.emulator.example_images import example_image
from mi_async.emulator.faults import Fault, Faults
from mi_async.emulator.log import LoggedRequest
from mi_async.emulator.objects import EmulatedObject
from mi_async.emulator.remote import RemoteEmulator
from mi_async.emulator.rules import Rejection
from mi_async.emulator.running import RunningEmulator, running
from mi_async.emulator.server import Server
from mi_async.emulator.serving import run, serve
from mi_async.emulator.settings import CREDENTIALS, Control, Latency, Mixture, Settings

__all__ = [
    "CREDENTIALS",
    "Control",
    "EmulatedObject",
    "Fault",
    "Faults",
    "Latency",
    "LoggedRequest",
    "Mixture",
    "Rejection",
    "RemoteEmulator",
    "RunningEmulator",
    "Server",
    "Settings",
    "example_image",
    "run",
    "running",
    "serve",
]
