"""Errors of the network between this process and the service."""

import builtins

from mi_async.errors.mi_error import MIError
from mi_async.text import escaped


class TransportError(MIError):
    """The network failed between this process and the service.

    Attributes:
        permanent: True when the same request can only fail again until a setting is changed: a certificate that is not
            trusted, a proxy that wants a password, a redirect, an answer that is too large. It is not retried.
    """

    permanent: bool = False


class ConnectError(TransportError):
    """Nothing was sent: name resolution, connect, TLS or proxy failed, or no connection came free."""


class DisconnectedError(TransportError):
    """The connection broke while the answer was outstanding: the service may have acted."""

    ambiguous = True


class TimeoutError(TransportError, builtins.TimeoutError):  # noqa: A001  the field's name
    """No answer in time: the service may have acted."""

    ambiguous = True


class ResponseError(TransportError):
    """An answer that is truncated, too large or not the documented JSON; the service may have acted.

    Attributes:
        reason: what is wrong, without the path.
        status: HTTP status of the answer, None when it was not seen.
        path: JSON path of the offending member (``$.result.content[3].id``), None when it is not about one.
    """

    ambiguous = True

    def __init__(self, reason: str, *, status: int | None = None, path: str | None = None) -> None:
        super().__init__(reason if path is None else f"{reason} at {escaped(path)}")
        self.reason = reason
        self.status = status
        self.path = path
