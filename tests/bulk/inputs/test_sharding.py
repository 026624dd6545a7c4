"""Shards: the same person or object is in the same one, whatever it is read from."""

import json
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from mi_async import AssetInput, PersonInput, ThumbnailUpload
from mi_async.bulk import read_assets, read_people
from mi_async.bulk.inputs.batching import LEFT_OUT, chunks
from mi_async.bulk.inputs.models import BadInput, Pass
from mi_async.bulk.inputs.sharding import ShardFilter, shard_of, sharding_key
from mi_async.storage.models import StoredObject

KNOWN = [27, 50, 42, 39, 3, 62]
NAMES = ["홍길동", "Yi Sun-sin", "Zoë", "Z", "a", "é"]


def test_known_shards() -> None:
    """Journals keep what they were made with: another rule would give a person two owners."""
    assert [shard_of(name, 64) for name in NAMES] == KNOWN
    assert [shard_of(unicodedata.normalize("NFD", name), 64) for name in NAMES] == KNOWN


def test_a_person_is_in_one_shard_in_every_format(tmp_path: Path) -> None:
    folder, table, lines = tmp_path / "faces", tmp_path / "people.csv", tmp_path / "people.jsonl"
    for name in NAMES:
        (folder / unicodedata.normalize("NFD", name)).mkdir(parents=True)
        (folder / unicodedata.normalize("NFD", name) / "1.jpg").touch()
    table.write_text("name,thumbnails\n" + "".join(f"{name},a.jpg\n" for name in reversed(NAMES)), encoding="utf-8")
    lines.write_text("".join(json.dumps({"name": f" {name} ", "thumbnails": ["a.jpg"]}) + "\n" for name in NAMES))
    found = [{_key(item): shard_of(_key(item), 64) for item in read_people(path)} for path in (folder, table, lines)]
    assert found == [{name: shard_of(name, 64) for name in NAMES}] * 3


def test_an_object_is_in_one_shard_as_a_file_and_in_the_bucket(tmp_path: Path) -> None:
    key = unicodedata.normalize("NFC", "뉴스/é.mp4")
    path = tmp_path / unicodedata.normalize("NFD", key)
    path.parent.mkdir(parents=True)
    path.touch()
    (file,) = read_assets(tmp_path)
    assert _key(file) == _key(AssetInput(StoredObject("footage", key))) == _key(AssetInput(f"s3://b/{key}")) == key


@pytest.mark.parametrize(
    ("item", "key"),
    [
        (ThumbnailUpload(7, "a.jpg"), "7"),
        (BadInput("people.csv:3", "no image"), "[people.csv:3]"),
        (BadInput("", "no image"), "[]"),
        (AssetInput("s3://b/a.mp4", "twice"), "s3://b/a.mp4"),
        (PersonInput("\ud800", ["a.jpg"]), "\ud800"),
        ("no item at all", None),
        (None, None),
    ],
)
def test_whatever_is_given_has_a_key_or_is_for_everybody(item: Any, key: str | None) -> None:
    assert sharding_key(item) == key
    kept = [ShardFilter(shard, 3)(item) for shard in range(3)]
    assert sum(one is not LEFT_OUT for one in kept) == (3 if key is None else 1)


async def test_every_item_is_in_one_pass_and_has_the_same_place_in_each() -> None:
    people = [PersonInput(f"person {number}", ["a.jpg"]) for number in range(2_000)]
    seen: Counter[str] = Counter()
    sizes: list[int] = []
    for shard in range(8):
        passed = [item for chunk in [part async for part in _pass(people, shard, 8)] for item in chunk]
        seen.update(f"{_key(item)} at {item.origin}" for item in passed)
        sizes.append(len(passed))
    assert seen == Counter(f"person {number} at item {number + 1:,}" for number in range(2_000))
    assert 200 < min(sizes) <= max(sizes) < 300


async def test_a_pass_with_nothing_to_take_lets_others_run() -> None:
    people = [PersonInput("the only name", ["a.jpg"])] * 5_000
    other = (shard_of("the only name", 8) + 1) % 8
    assert [part async for part in chunks(people, 0.0, ShardFilter(other, 8))] == []


def _pass(people: Pass, shard: int, shards: int) -> Any:
    return chunks(people, keep=ShardFilter(shard, shards))


def _key(item: object) -> str:
    key = sharding_key(item)
    assert key is not None
    return key
