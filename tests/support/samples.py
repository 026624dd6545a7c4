"""A group of made-up operations: kinds of parameters that the current operations have no example of.

Invariant: declarations only.
"""

import enum
from collections.abc import Sequence
from typing import Annotated, Any

from mi_async._core.declare import Group, Wire, operation
from mi_async._core.operation import Operation, Quota, Repeat
from mi_async.models import OpenEnum


class Colour(OpenEnum):
    RED = "RED"
    LIGHT_BLUE = "LIGHT,BLUE"


class Level(enum.IntEnum):
    LOW = 1


class Samples(Group):
    """Kinds of parameters that the current operations have no example of."""

    @operation("GET /workspaces/{workspace_name}/samples/{name}/of/{number}", source="sample")
    async def find(
        self,
        name: str,
        number: int,
        *,
        flag: bool | None = None,
        colour: Colour | None = None,
        colours: Annotated[Sequence[Colour] | None, "not a wire name"] = None,
        words: Annotated[Sequence[str] | None, Wire("word_list")] = None,
    ) -> None:
        """Find samples.

        More words.
        """
        raise NotImplementedError

    @operation("DELETE /samples", repeat=Repeat.DUPLICATES, quota=Quota(3, 0.5))
    async def delete(self, *, confidence_level: str = "HIGH") -> None:
        raise NotImplementedError

    @operation("PUT /samples/{number}", repeat=Repeat.SAFE)
    async def put(self, number: int, *, ratio: float | None = None, is_on: bool = False) -> None:
        """Put a sample."""
        raise NotImplementedError


def defaults_of(operation: Operation) -> dict[str, Any]:
    """Return the values that are sent although a call does not give them."""
    return {p.name: p.default for p in operation.parameters if not p.required and p.default is not None}
