"""A caller that makes no calls: it keeps what a group hands to it, and reads requests as a server would.

Invariant: no I/O.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from attrs import define, field
from yarl import URL

from mi_async._core.http_messages import Request
from mi_async._core.operation import Operation, RawArguments


@define
class Recorder:
    """What a session is to a group; answers each call with ``result``.

    Attributes:
        result: what each call is answered with.
        validate: whether requests are held against their bounds.
        made: the calls.
    """

    result: Any = None
    validate: bool = True
    made: list[tuple[Operation, dict[str, Any]]] = field(factory=list)

    async def __call__(self, operation: Operation, arguments: Mapping[str, Any]) -> Any:
        self.made.append((operation, dict(arguments)))
        return operation.parse(self.result) if self.result is not None else None

    @property
    def request(self) -> Request:
        """The request of the last call."""
        operation, arguments = self.made[-1]
        return operation.build(arguments, validate=self.validate)


def receive(operation: Operation, request: Request) -> dict[str, Any]:
    """Arguments of a request as a server finds them: raw path split at slashes, query split and decoded by yarl."""
    raw_path, _, _ = request.target.partition("?")
    template = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", operation.path)
    matched = re.fullmatch(template, raw_path)
    assert matched is not None, (raw_path, operation.path)
    path = {name: unquote(text, errors="strict") for name, text in matched.groupdict().items()}
    query = URL(f"http://localhost{request.target}", encoded=True).query
    assert len(query) == len(set(query))
    return operation.arguments(RawArguments(path, dict(query), request.body or b""))
