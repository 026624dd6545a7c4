"""Regions of Object Storage by code and by endpoint."""

import pytest

from mi_async.storage.models import Storage
from mi_async.storage.regions import REGIONS, StorageRegion, region_of_code, region_of_url, storage_at


@pytest.mark.parametrize("region", REGIONS, ids=lambda region: region.name)
def test_a_region_is_found_by_its_code_and_by_its_endpoint(region: StorageRegion) -> None:
    assert region_of_code(region.code, region.site) == region_of_url(region.url) == region
    assert storage_at(f"{region.url}/") == Storage(region.url, region.name)


@pytest.mark.parametrize(("code", "site", "name"), [("krs", "gov", "gov2-standard"), ("JPN", "public", "jp-standard")])
def test_codes_of_the_vendor(code: str, site: str, name: str) -> None:
    found = region_of_code(code, site)
    assert found is not None
    assert found.name == name


def test_what_is_no_region() -> None:
    assert region_of_code("HK") is None
    assert region_of_code("US", "gov") is None
    assert region_of_url("http://[") is None
    assert storage_at("http://127.0.0.1:1") == Storage("http://127.0.0.1:1")
