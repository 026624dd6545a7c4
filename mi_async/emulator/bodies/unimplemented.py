"""The caller of an emulated group: whoever reaches it called an operation without a body.

Invariant: a declared method that no subclass overrides still makes its call, and the call ends here.
"""

from collections.abc import Mapping
from typing import Any, NoReturn

from mi_async._core.operation import Operation
from mi_async.emulator.rules import UNIMPLEMENTED, Refused, Rejection


async def unimplemented(operation: Operation, arguments: Mapping[str, Any]) -> NoReturn:
    """Refuse by name.

    Raises:
        Refused: 501.
    """
    named = Rejection(UNIMPLEMENTED.status, UNIMPLEMENTED.code, f"{UNIMPLEMENTED.text[:-1]}: {operation.id}")
    raise Refused(named, f"{operation.id}({', '.join(arguments)})")
