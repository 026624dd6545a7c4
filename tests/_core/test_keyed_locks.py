"""Locks by key: one for each key in use, and none for the others."""

from mi_async._core.keyed_locks import KeyedLocks


async def test_a_key_has_one_lock_for_as_long_as_somebody_needs_it() -> None:
    locks = KeyedLocks[str]()
    lock = locks.lock("a.mp4")
    async with lock:
        assert locks.lock("a.mp4") is lock
        assert not locks.lock("b.mp4").locked()
        assert locks.in_use == 1
    del lock
    assert locks.in_use == 0
