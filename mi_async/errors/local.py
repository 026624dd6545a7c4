"""Errors of this machine, its files, settings and arguments: found without the service."""

from mi_async.errors.mi_error import MIError


class CredentialsError(MIError):
    """No usable credentials; the message lists every place that was looked at."""


class ConfigError(MIError):
    """A setting that cannot work, named in the message."""


class InvalidArgumentError(MIError, ValueError):
    """An argument that cannot be sent, found before any request."""


class PlanNotConfirmedError(InvalidArgumentError):
    """Something that cannot be undone was not confirmed by the code of the plan that was shown; nothing was done."""


class ImageRejectedError(MIError):
    """An image that breaks a documented rule, found before any request.

    Attributes:
        source: what the caller named (a path, or ``<bytes>``).
        reason: ``format``, ``size``, ``resolution``, ``incomplete`` (cut off) or ``unreadable``.
    """

    def __init__(self, message: str, *, source: str, reason: str) -> None:
        super().__init__(message)
        self.source = source
        self.reason = reason


class MediaRejectedError(MIError):
    """A media file that breaks a documented rule, cannot be read, or was changed while it was uploaded.

    Attributes:
        source: what the caller named.
        reason: ``format``, ``size``, ``resolution``, ``duration``, ``incomplete`` (cut off or still being written),
            ``no_video`` (no picture track), ``unreadable`` or ``changed``.
    """

    def __init__(self, message: str, *, source: str, reason: str) -> None:
        super().__init__(message)
        self.source = source
        self.reason = reason


class ResourceError(MIError):
    """A local file cannot be read now, for a reason of the machine or its disk: trying again later may succeed.

    Out of file descriptors or memory, an input/output error, a network disk that was remounted. It says nothing about
    the file.

    Attributes:
        source: what the caller named.
    """

    def __init__(self, message: str, *, source: str) -> None:
        super().__init__(message)
        self.source = source


class AlreadyExistsError(MIError):
    """An asset or object that was to be made exists already; nothing was made.

    Attributes:
        existing: IDs of the assets, or the name of the object, that are there.
    """

    def __init__(self, message: str, *, existing: tuple[int | str, ...]) -> None:
        super().__init__(message)
        self.existing = existing


class SessionError(MIError):
    """A session that is closed, or that is used from an event loop other than its own."""
