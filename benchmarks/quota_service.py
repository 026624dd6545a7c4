"""The two ends of the benchmark of shared quotas, each a process of its own.

    python quota_service.py serve '{"calls": 50, "period": 1.0, "jitter": 0.1}'
        counts what arrives, after a delay of its own; prints its port, and at the end of its input what it has seen
    python quota_service.py call '{"url": ..., "store": ..., "callers": 20, "seconds": 10}'
        calls as fast as the quota allows; prints how long calls waited and were under way

Invariant: the server knows nothing of the package: it keeps the last arrivals and refuses what is one too many.
"""

import asyncio
import json
import random
import sys
import time
from collections import deque
from typing import Any, cast

OPERATION = "thumbnails.presign"
RESULT = {
    "thumbnailKey": "person-thumbnail/01J9ZK7M.jpg",
    "url": "https://example.com/x",
    "expirationSeconds": 9,
}
OK = json.dumps({"code": "0", "message": "SUCCESS", "result": RESULT}).encode()
REFUSED = json.dumps({"error": {"errorCode": "420", "message": "Rate Limited"}}).encode()


class Counter:
    """Arrivals, and how many of them were one too many."""

    def __init__(self, calls: int, period: float, jitter: float) -> None:
        self.calls, self.period, self.jitter = calls, period, jitter
        self.served: list[float] = []
        self.refused = 0
        self.most = 0
        self._window: deque[float] = deque()

    def arrive(self) -> bool:
        """Count an arrival; return False if it is refused."""
        now = asyncio.get_running_loop().time()
        while self._window and self._window[0] <= now - self.period:
            self._window.popleft()
        self._window.append(now)
        self.most = max(self.most, len(self._window))
        if len(self._window) > self.calls:
            self.refused += 1
            return False
        self.served.append(now)
        return True

    def delay(self) -> float:
        """Seconds of one way."""
        return random.uniform(0, self.jitter / 2)  # noqa: S311  no secret


class Service(asyncio.Protocol):
    """One connection: a request, its way, the count, the way back."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where answers go."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Send each request on its way."""
        self._data += data
        head, end, rest = self._data.partition(b"\r\n\r\n")
        if not end:
            return
        _, found, length = head.lower().partition(b"content-length:")
        if found and len(rest) < int(length.partition(b"\r\n")[0]):
            return
        self._data = b""
        asyncio.get_running_loop().call_later(self._counter.delay(), self._arrive)

    def _arrive(self) -> None:
        status, body = (b"200 OK", OK) if self._counter.arrive() else (b"429 Too Many Requests", REFUSED)
        head = b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (status, len(body))
        asyncio.get_running_loop().call_later(self._counter.delay(), self._transport.write, head + body)


async def serve(calls: int, period: float, jitter: float) -> None:
    counter, loop = Counter(calls, period, jitter), asyncio.get_running_loop()
    listening = await loop.create_server(lambda: Service(counter), "127.0.0.1", 0, backlog=1024)
    print(listening.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    print(json.dumps({"served": counter.served, "refused": counter.refused, "most": counter.most}), flush=True)


async def call(
    url: str, callers: int, seconds: float, quota: tuple[int, float], store: str | None = None, **settings: Any
) -> None:
    import mi_async  # noqa: PLC0415  the server does without

    under_way: list[float] = []
    waits: list[float] = []
    latest: dict[asyncio.Task[Any] | None, float] = {}

    async def note(_attempt: object, outcome: mi_async.Outcome) -> None:
        under_way.append(outcome.seconds)
        latest[asyncio.current_task()] = outcome.seconds

    quotas = {OPERATION: mi_async.Quota(*quota)}
    keys = mi_async.Credentials("access", "secret")
    settings |= {"quota_store": store, "quotas": quotas, "hooks": mi_async.Hooks(after=[note])}
    async with mi_async.connect(keys, base_url=url, **settings) as session:
        thumbnails, end = session.workspace("newsroom").thumbnails, time.monotonic() + seconds

        async def caller() -> None:
            while time.monotonic() < end:
                begin = time.monotonic()
                try:
                    async with asyncio.timeout(max(0.0, end - begin)):
                        await thumbnails.presign("a.jpg")
                except TimeoutError:
                    return
                waits.append(time.monotonic() - begin - latest[asyncio.current_task()])

        print("begun", flush=True)
        await asyncio.gather(*(caller() for _ in range(callers)))
        refused = session.quota[OPERATION].refused
    print(json.dumps({"under_way": under_way, "waits": waits, "refused": refused}), flush=True)


if __name__ == "__main__":
    end, given = sys.argv[1], json.loads(sys.argv[2])
    asyncio.run(serve(**given) if end == "serve" else call(**given))
