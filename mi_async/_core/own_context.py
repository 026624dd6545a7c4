"""Own context: context variables of something that goes on while its user does something else.

Invariant: what is set in it is not seen outside, and what is reset there was set there.
"""

from contextlib import AbstractContextManager
from contextvars import Context, copy_context
from types import TracebackType
from typing import Generic, TypeVar

from attrs import define, field

T_co = TypeVar("T_co", covariant=True)


@define(eq=False)
class OwnContext(Generic[T_co]):
    """Enters and leaves a context manager in a copy of the current context.

    An asynchronous generator runs in the context of whoever asks for its next item: what it sets there would leak.

    Attributes:
        context: the copy; tasks that belong to it are made in it.
    """

    _entered: AbstractContextManager[T_co]
    context: Context = field(init=False, factory=copy_context)

    def __enter__(self) -> T_co:
        return self.context.run(self._entered.__enter__)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return self.context.run(self._entered.__exit__, kind, error, trace)
