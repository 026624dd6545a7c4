"""The real scripts of the quota store, run in a Lua of this process over a few commands of Redis, on the loop's time.

Invariant: the law is that of lease.lua itself; only what Redis's own commands do is written here again.
"""

import asyncio
from collections.abc import Callable, Sequence
from copy import deepcopy
from heapq import nsmallest
from random import Random
from typing import Any

from attrs import define, field
from lupa import lua51

from mi_async._core.quota_store import Exchange, Granted
from mi_async.errors import QuotaStoreError
from mi_async.integrations.redis_quotas import PARTS, Script

EPOCH = 1_800_000_000
"""Seconds of the store's clock when the loop's is at 0."""


@define
class FewCommands:
    """The commands of Redis that the scripts call."""

    time: Callable[[], float]
    hashes: dict[str, dict[str, str]] = field(init=False, factory=dict)
    sets: dict[str, dict[str, float]] = field(init=False, factory=dict)
    server: int = field(init=False, default=1)

    def call(self, name: str, *arguments: Any) -> Any:
        return getattr(self, f"_{name.lower()}")(*[_text(each) for each in arguments])

    def _time(self) -> list[str]:
        seconds, micros = divmod(round((EPOCH + self.time()) * 1e6), 1_000_000)
        return [str(seconds), str(micros)]

    def _info(self, section: str) -> str:
        assert section == "server"
        return f"# Server\r\nredis_version:7.0.15\r\nrun_id:{self.server:040x}\r\ntcp_port:6379\r\n"

    def _hmget(self, key: str, *names: str) -> list[str | bool]:
        return [self._hget(key, name) for name in names]

    def _hget(self, key: str, name: str) -> str | bool:
        return self.hashes.get(key, {}).get(name, False)

    def _hset(self, key: str, *pairs: str) -> int:
        self.hashes.setdefault(key, {}).update(zip(pairs[::2], pairs[1::2], strict=True))
        return 0

    def _hdel(self, key: str, name: str) -> int:
        return int(self.hashes.get(key, {}).pop(name, None) is not None)

    def _del(self, *keys: str) -> int:
        for key in keys:
            self.hashes.pop(key, None)
            self.sets.pop(key, None)
        return 0

    def _zadd(self, key: str, score: str, member: str) -> int:
        self.sets.setdefault(key, {})[member] = float(score)
        return 0

    def _zrem(self, key: str, member: str) -> int:
        return int(self.sets.get(key, {}).pop(member, None) is not None)

    def _zcard(self, key: str) -> int:
        return len(self.sets.get(key, {}))

    def _zrangebyscore(self, key: str, least: str, most: str) -> list[str]:
        assert least == "-inf"
        return [member for member, score in self.sets.get(key, {}).items() if score <= float(most)]

    def _zremrangebyscore(self, key: str, least: str, most: str) -> int:
        gone = self._zrangebyscore(key, least, most)
        for member in gone:
            del self.sets[key][member]
        return len(gone)

    def _zcount(self, key: str, least: str, below: str) -> int:
        assert (least, below[0]) == ("-inf", "(")
        return sum(score < float(below[1:]) for score in self.sets.get(key, {}).values())

    def _zrange(self, key: str, first: str, last: str, _scores: str) -> list[str]:
        assert first == last
        place = int(first)
        found = nsmallest(place + 1, ((score, member) for member, score in self.sets.get(key, {}).items()))[place:]
        return [text for score, member in found for text in (member, f"{score:.0f}")]

    def _pexpire(self, key: str, _milliseconds: str) -> int:
        return int(key in self.hashes or key in self.sets)


def _text(value: Any) -> str:
    return f"{value:.0f}" if isinstance(value, float) else str(value)


@define
class LuaStore:
    """A store for limiters of one quota, behind a network that takes its time both ways.

    Attributes:
        delay: seconds; each way takes up to this long.
        away: True while it does not answer.
        deaf: True while it does what it is told and its answers are lost.
        skew: seconds by which its clock is ahead.
        exchanges: how many were made.
    """

    random: Random = field(factory=lambda: Random(1))  # noqa: S311  no secret
    delay: float = 0.0005
    away: bool = False
    deaf: bool = False
    skew: float = 0.0
    exchanges: int = field(init=False, default=0)
    commands: FewCommands = field(init=False)
    _lua: Any = field(init=False, factory=lambda: lua51.LuaRuntime(unpack_returned_tuples=True))
    _lease: Any = field(init=False)
    _presence: Any = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.commands = FewCommands(self._time)
        self._lease = self._script("lease.lua")
        self._presence = self._script("presence.lua")

    def _time(self) -> float:
        return asyncio.get_running_loop().time() + self.skew

    def _script(self, name: str) -> Any:
        self._lua.globals().called = lambda name, *arguments: self._reply(self.commands.call(name, *arguments))
        text = Script.load(name).text
        return self._lua.execute(
            f"local redis = {{call = called, pcall = called}}; return function(KEYS, ARGV) {text} end"
        )

    def _reply(self, reply: Any) -> Any:
        return self._lua.table_from(reply) if isinstance(reply, list) else reply

    def run(self, arguments: Sequence[str | int]) -> list[int]:
        """Run the script of an exchange."""
        self.exchanges += 1
        keys, argv = self._lua.table_from(PARTS), self._lua.table_from([str(each) for each in arguments])
        return [int(each) for each in self._lease(keys, argv).values()]

    def present(self, key: str, holder: str, seconds: float) -> int:
        """Run the script of a presence."""
        argv = self._lua.table_from([holder, str(round(seconds * 1e6))])
        return int(self._presence(self._lua.table_from([key]), argv))

    def forget(self) -> None:
        """Lose everything, as a server that was flushed or comes back empty."""
        self.commands.hashes.clear()
        self.commands.sets.clear()

    def go_back(self, copied: "tuple[dict[str, dict[str, str]], dict[str, dict[str, float]]]") -> None:
        """Be what it was when it was copied, as a replica that took over and had not heard of what came later."""
        self.commands.hashes, self.commands.sets = deepcopy(copied)
        self.commands.server += 1

    def copied(self) -> "tuple[dict[str, dict[str, str]], dict[str, dict[str, float]]]":
        """All that it knows now."""
        return deepcopy((self.commands.hashes, self.commands.sets))

    async def exchange(self, exchange: Exchange) -> Granted:
        """Make one exchange."""
        await asyncio.sleep(self.random.uniform(0, self.delay))
        if self.away:
            message = "the quota store does not answer"
            raise QuotaStoreError(message)
        answer = self.run(exchange.arguments())
        if self.deaf:
            await asyncio.sleep(1000)
        await asyncio.sleep(self.random.uniform(0, self.delay))
        return Granted.read(answer)
