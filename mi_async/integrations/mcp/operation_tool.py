"""The tool that calls any operation without an effect.

Invariant: the declaration decides: only what is a GET is called, by the names and types that it declares.
"""

from collections.abc import Mapping
from typing import Annotated, Any, TypedDict, get_origin

from mi_async._core.operation import Operation, Parameter
from mi_async.api import operations
from mi_async.errors import InvalidArgumentError
from mi_async.integrations.mcp.agent_tool import ToolContext
from mi_async.integrations.mcp.tool_arguments import SHOWN, read_value, refuse_unknown
from mi_async.models import Page
from mi_async.text import escaped

PAGE_SIZE = 20
"""Items of a page where the agent does not say; the service's own default may be 1,000."""


class OperationResult(TypedDict):
    """The answer of an operation, by the names that the service has."""

    operation: str
    result: Any


def readable() -> dict[str, Operation]:
    """Return the operations without an effect, by ID; those that the vendor is going to remove are left out."""
    return {each.id: each for each in operations() if each.method == "GET" and each.deprecated is None}


def listing() -> str:
    """Return the operations with their arguments, for the description of the tool."""
    return "; ".join(f"{each.id}({', '.join(map(_shown, each.parameters))})" for each in readable().values())


def _shown(p: Parameter) -> str:
    return p.name if p.required else f"{p.name}?"


async def call_operation(
    context: ToolContext,
    *,
    operation: Annotated[str, "ID of the operation, such as persons.get"],
    arguments: Annotated[Mapping[str, Any] | None, 'its arguments by name, such as {"person_id": 1001}'] = None,
) -> OperationResult:
    """Call an operation of the API that has no effect."""
    known = readable()
    declared = known.get(operation)
    if declared is None:
        message = f"{escaped(operation, SHOWN)!r} is no operation without an effect; these are: {', '.join(known)}"
        raise InvalidArgumentError(message)
    owner: Any = context.workspace if declared.scope else context.session
    method = getattr(getattr(owner, declared.group), declared.name)
    return {"operation": operation, "result": await method(**_values(declared, arguments or {}))}


def _values(declared: Operation, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a call; a page is a small one unless its size is given."""
    refuse_unknown(given, [p.name for p in declared.parameters])
    values = {p.name: _value(p, given[p.name]) for p in declared.parameters if given.get(p.name) is not None}
    missing = [p.name for p in declared.parameters if p.required and p.name not in values]
    if missing:
        message = f"{declared.id} needs {', '.join(missing)} in arguments"
        raise InvalidArgumentError(message)
    sized = get_origin(declared.result) is Page and any(p.name == "page_size" for p in declared.parameters)
    return ({"page_size": PAGE_SIZE} if sized else {}) | values


def _value(p: Parameter, value: Any) -> Any:
    return read_value(p.name, p.kind, value)
