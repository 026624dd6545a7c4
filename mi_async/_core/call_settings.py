"""Settings of calls: options of a session, and of its views, as one frozen value.

Invariant: a value that cannot work is refused when it is made, and not by the first call.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypedDict

from attrs import evolve, field, frozen

import mi_async
from mi_async._core.header_rules import header_fault
from mi_async._core.retry import RetryPolicy
from mi_async._core.setting_checks import instance, seconds
from mi_async._core.transport import Timeout
from mi_async._core.values import Value
from mi_async.errors import ConfigError

if TYPE_CHECKING:
    from mi_async._core.hooks import Hooks

is_policy = instance(RetryPolicy, "mi_async.RetryPolicy(max_attempts, ...)")
NONE: Mapping[str, str] = MappingProxyType({})


class CallOptions(TypedDict, total=False):
    """Options of calls; one that is left out stays as it is.

    Attributes:
        timeout: seconds that a whole call may take, its waits for quota and its retries included; None for no limit.
        max_wait: seconds that a call may wait for its quota; None for as long as its time allows.
        retry: when failed attempts are retried.
        headers: sent with each request to the API, besides those that are set already.
        hooks: told of each call, besides those that are set already.
    """

    timeout: float | None
    max_wait: float | None
    retry: RetryPolicy
    headers: Mapping[str, str]
    hooks: "mi_async.Hooks | Sequence[mi_async.Hooks]"


@frozen(eq=False, repr=False)
class CallSettings(Value):
    """Options of the calls of a session or view, checked.

    Args:
        timeout: ``total`` is the deadline of a call.
        retry: when failed attempts are retried.
        hooks: told of each call.
        max_wait: seconds that a call may wait for quota; None for as long as its deadline.
        headers: sent with each request to the API.
    """

    timeout: Timeout
    retry: RetryPolicy = field(validator=is_policy)
    hooks: "tuple[Hooks, ...]" = ()
    max_wait: float | None = field(default=None, validator=seconds)
    headers: Mapping[str, str] = field(default=NONE, repr=False)

    def changed(self, given: CallOptions) -> "CallSettings":
        """Return the settings with some options changed.

        Raises:
            ConfigError: one of them cannot work.
            TypeError: there is no such option.
        """
        new: dict[str, Any] = dict(given)
        if unknown := new.keys() - CallOptions.__annotations__.keys():
            message = f"no option of a call is called {', '.join(sorted(unknown))}; there are " + ", ".join(
                CallOptions.__annotations__
            )
            raise TypeError(message)
        if "timeout" in new:
            new["timeout"] = evolve(self.timeout, total=_total(new["timeout"]))
        if "headers" in new:
            new["headers"] = _with_headers(self.headers, new["headers"])
        if "hooks" in new:
            new["hooks"] = (*self.hooks, *given_hooks(new["hooks"]))
        return evolve(self, **new)


def given_hooks(given: object) -> "tuple[Hooks, ...]":
    """Return the hooks that were given, None for none.

    Raises:
        ConfigError: it is something else.
    """
    if given is None:
        return ()
    from mi_async._core.hooks import hooks_of  # noqa: PLC0415  most sessions and views have none

    return hooks_of(given)


def _total(timeout: object) -> float | None:
    if timeout is None or (isinstance(timeout, int | float) and timeout > 0):
        return timeout
    hint = "connect and read belong to connect(timeout=...)" if isinstance(timeout, Timeout) else "None for no limit"
    message = f"timeout must be the seconds of a whole call, > 0, not {timeout!r}; {hint}"
    raise ConfigError(message)


def _with_headers(present: Mapping[str, str], given: object) -> Mapping[str, str]:
    """Return headers with others added; a name that is there already, in whatever case, gets the new value."""
    if not isinstance(given, Mapping):
        message = f"headers must be a mapping from name to value, not {type(given).__name__}"
        raise ConfigError(message)
    for name, value in given.items():
        if fault := header_fault(name, value):
            message = f"headers: {fault}"
            raise ConfigError(message)
    lower = {name.lower() for name in given}
    return {name: value for name, value in present.items() if name.lower() not in lower} | dict(given)
