"""Locks by key: one for each thing that a session works on alone.

Invariant: holds nothing but the locks in use, so that a run over a million keys keeps none.
"""

import asyncio
from collections.abc import Hashable
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

from attrs import define, field

K = TypeVar("K", bound=Hashable)


@define(eq=False)
class KeyedLocks(Generic[K]):
    """Locks of a session by what they are about; other processes are not known of."""

    # Weak: a lock goes when nobody holds it or waits for it.
    _locks: WeakValueDictionary[K, asyncio.Lock] = field(init=False, factory=WeakValueDictionary)

    @property
    def in_use(self) -> int:
        """Number of locks that are held or waited for."""
        return len(self._locks)

    def lock(self, key: K) -> asyncio.Lock:
        """Return the lock of a key."""
        return self._locks.setdefault(key, asyncio.Lock())
