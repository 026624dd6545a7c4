"""Decisions about what a backup has, whatever somebody has written into it."""

import pytest

from mi_async.api.assets import AssetMetaData
from mi_async.backup import BackupAsset
from mi_async.bulk.inputs.models import AssetInput
from mi_async.restore.decisions import asset_item
from mi_async.restore.not_carried import NotCarried
from mi_async.storage.models import StoredObject


@pytest.mark.parametrize(("bucket", "key"), [("../..", "a.mp4"), ("footage", "x" * 5000), ("footage", ""), ("", "a")])
def test_an_object_that_cannot_be_one_is_told_of(bucket: str, key: str) -> None:
    item = asset_item(BackupAsset(1, 7, "a.mp4", bucket, key), "assets.jsonl:1", None)
    assert isinstance(item, NotCarried)
    assert (item.kind, item.key) == ("object", "1")


@pytest.mark.parametrize(("told", "size"), [(None, 0), (-5, 0), (10, 10)])
def test_a_size_that_cannot_be_one_is_none(told: int | None, size: int) -> None:
    asset = BackupAsset(1, 7, "a.mp4", "footage", "a.mp4", AssetMetaData(size=told))
    assert asset_item(asset, "o", None) == AssetInput(StoredObject("footage", "a.mp4"), origin="o", size=size)


@pytest.mark.parametrize(("told", "seconds"), [(None, None), (-5, 0.0), (90_500, 90.5)])
def test_a_length_is_that_of_the_backup(told: int | None, seconds: float | None) -> None:
    item = asset_item(BackupAsset(1, 7, "a.mp4", "footage", "a.mp4", AssetMetaData(duration_ms=told)), "o", None)
    assert isinstance(item, AssetInput)
    assert item.seconds == seconds
