"""Shards: the parts of an input that the processes of a shared run take one by one.

Invariant: pure; the shard of a person or an object follows from its name alone, whatever the format of the input, the
order of its rows, or the machine, so that no two processes ever work on one.
"""

import unicodedata
from zlib import crc32

from attrs import define, evolve, field

from mi_async.bulk.inputs.batching import LEFT_OUT, LeftOut
from mi_async.bulk.inputs.models import AssetInput, BadInput, Item, PersonInput, ThumbnailUpload
from mi_async.errors import InvalidArgumentError

ANY_BUCKET = "-"
"""In the place of the bucket: an object's shard is that of its key, in whatever bucket."""


def shard_of(key: str, shards: int) -> int:
    """Return the shard of a person's name or ID, or of an object's key."""
    # A name that is no Unicode text is refused later, and has a shard until then.
    text = unicodedata.normalize("NFC", key).encode("utf-8", "surrogatepass")
    return crc32(text) % shards


def sharding_key(item: object) -> str | None:
    """Return what an item's shard follows from, which is the key of its outcome too; None for what is no item."""
    match item:
        case BadInput():
            return f"[{item.origin}]"
        case PersonInput() | ThumbnailUpload():
            return str(item.key)
        case AssetInput():
            try:
                return item.place(ANY_BUCKET).key
            except InvalidArgumentError:
                return str(item.source)
        case _:  # the admission refuses it
            return None


@define(eq=False)
class ShardFilter:
    """Filter of one pass over an input: keeps the items of a shard.

    An item without an origin gets its number as one: the name of its row in the journal must not depend on the shard
    that it was read for.

    Attributes:
        shard: number of the shard, from 0.
        shards: of the input.
    """

    shard: int
    shards: int
    _number: int = field(init=False, default=0)

    def __call__(self, item: Item | BadInput) -> Item | BadInput | LeftOut:
        """Return the item, unless it is of another shard."""
        self._number += 1
        if isinstance(item, BadInput) and not item.origin:
            item = evolve(item, origin=self._origin)
        key = sharding_key(item)
        if key is None:
            return item
        if shard_of(key, self.shards) != self.shard:
            return LEFT_OUT
        return item if item.origin else evolve(item, origin=self._origin)

    @property
    def _origin(self) -> str:
        return f"item {self._number:,}"
