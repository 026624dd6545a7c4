"""A client of an emulator in another process: its faults, log, state and reset.

Invariant: synchronous, and imports no client of ours; from the event loop that serves the emulator it would wait for
itself, so there ``Server`` is used.
"""

import http.client
import json
from collections.abc import Mapping
from typing import Any

from yarl import URL

from mi_async.credentials import Credentials
from mi_async.emulator.control import ROUTES
from mi_async.emulator.handle import EmulatorHandle
from mi_async.emulator.settings import CREDENTIALS
from mi_async.errors import ConfigError, ConnectError, InvalidArgumentError

TIMEOUT = 10.0
"""Real seconds for one answer."""


class RemoteEmulator(EmulatorHandle):
    """An emulator in another process, such as ``mi-async emulator``; any thread may use it.

    Args:
        url: where it listens.
        credentials: the one key pair that it accepts.
        timeout: real seconds for one answer.

    Raises:
        ConfigError: the URL is none.
    """

    def __init__(
        self, url: str = "http://127.0.0.1:8080", credentials: Credentials = CREDENTIALS, *, timeout: float = TIMEOUT
    ) -> None:
        try:
            parsed = URL(url)
        except ValueError:  # such as a port that is no number
            parsed = URL()
        if parsed.scheme not in {"http", "https"} or not parsed.host:
            message = f"url must be http(s)://host[:port], not {url!r}"
            raise ConfigError(message)
        super().__init__(url.rstrip("/"), credentials, self._request)
        self._address = parsed
        self._timeout = timeout

    def _request(self, command: str, arguments: Mapping[str, Any]) -> Any:
        method, path = ROUTES[command]
        try:
            status, body = self._exchange(method, path, arguments)
        except (OSError, http.client.HTTPException) as error:
            message = f"no emulator answers at {self.url}: {error or type(error).__name__}"
            raise ConnectError(message) from error
        try:
            told = json.loads(body)
        except ValueError:
            told = None
        if not isinstance(told, dict):  # something else listens there
            told = {}
        if "result" in told:
            return told["result"]
        raise _refused(self.url, status, told.get("error"))

    def _exchange(self, method: str, path: str, arguments: Mapping[str, Any]) -> tuple[int, bytes]:
        kind = http.client.HTTPSConnection if self._address.scheme == "https" else http.client.HTTPConnection
        connection = kind(self._address.host or "", self._address.port, timeout=self._timeout)
        content = json.dumps(arguments).encode() if arguments else None
        headers = {} if content is None else {"Content-Type": "application/json"}
        try:
            connection.request(method, path, content, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


def _refused(url: str, status: int, reason: object) -> Exception:
    if isinstance(reason, str):
        kinds: Mapping[int, type[Exception]] = {400: InvalidArgumentError, 403: ConfigError}
        return kinds.get(status, ConfigError)(reason)
    return ConfigError(f"{url} is not controlled over HTTP: no emulator, an older one, or one with --control off")
