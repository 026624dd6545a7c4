"""Canned wire oddities: aioresponses behind one door, since its release 0.7.9 does not fit aiohttp 3.14.

Invariant: for what an answer looks like; behaviour is tested over real sockets.
"""

import inspect
from typing import Any
from unittest.mock import Mock

import aiohttp
from aioresponses import aioresponses
from attrs import frozen

API = "http://mi.example"


class Answer(aiohttp.ClientResponse):
    """A response that can be made without a writer, as aioresponses makes it (pnuckowski/aioresponses#289)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if "stream_writer" in inspect.signature(aiohttp.ClientResponse).parameters:
            kwargs.setdefault("stream_writer", Mock(output_size=0))
        super().__init__(*args, **kwargs)


@frozen
class Oddities:
    """What the next requests get."""

    mocked: aioresponses

    def post(self, path: str, **answer: Any) -> None:
        """Answer the next POST to a path of the API; arguments as for ``aioresponses.post``."""
        self.mocked.post(f"{API}{path}", response_class=Answer, **answer)

    def get(self, path: str, **answer: Any) -> None:
        """Answer the next GET of a path of the API; arguments as for ``aioresponses.get``."""
        self.mocked.get(f"{API}{path}", response_class=Answer, **answer)
