"""The log of the HTTP protocol.

Invariant: a client that sends what is no HTTP, or that leaves, gets one line and no traceback.
"""

import logging
from collections.abc import MutableMapping
from typing import Any

from aiohttp.http_exceptions import HttpProcessingError

from mi_async.text import one_line

_log = logging.getLogger(__name__)


class HttpLog(logging.LoggerAdapter[logging.Logger]):
    """Logs for aiohttp; malformed requests and lost connections in one line, anything else as it comes."""

    def exception(self, msg: object, *args: object, exc_info: Any = True, **kwargs: Any) -> None:
        """Log a failure of aiohttp."""
        if isinstance(exc_info, HttpProcessingError | ConnectionError):
            _log.info("malformed request or lost connection: %s", one_line(f"{type(exc_info).__name__}: {exc_info}"))
        else:
            super().exception(msg, *args, exc_info=exc_info, **kwargs)

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        """Leave a message as it is."""
        return msg, kwargs
