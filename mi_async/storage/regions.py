"""Regions of Object Storage: their hosts, the names by which requests are signed, and the codes of NCLOUD_REGION.

Invariant: values only. Sources: the overview of Object Storage (https://api.ncloud-docs.com/docs/ko/storage-objectstorage,
and of the government site https://api-gov.ncloud-docs.com/docs/storage-objectstorage); for the codes and the financial
site the vendor's Terraform provider.
"""

from attrs import frozen
from yarl import URL

from mi_async._core.sites import PUBLIC
from mi_async.storage.models import REGION, STORAGE_URL, Storage


@frozen
class StorageRegion:
    """A region of Object Storage.

    Attributes:
        site: ``public``, ``gov`` or ``fin``, as NCLOUD_SITE has it.
        code: beginning of NCLOUD_REGION.
        name: by which requests are signed.
        url: of its endpoint.
    """

    site: str
    code: str
    name: str
    url: str


REGIONS = (
    StorageRegion(PUBLIC, "KR", REGION, STORAGE_URL),
    StorageRegion(PUBLIC, "US", "us-standard", "https://us.object.ncloudstorage.com"),
    StorageRegion(PUBLIC, "SG", "sg-standard", "https://sg.object.ncloudstorage.com"),
    # the overview of 2026-10-20 has jp.object.ncpstorage.com; the provider's rule and older pages agree on this one
    StorageRegion(PUBLIC, "JP", "jp-standard", "https://jp.object.ncloudstorage.com"),
    StorageRegion(PUBLIC, "DE", "de-standard", "https://de.object.ncloudstorage.com"),
    StorageRegion("gov", "KRS", "gov2-standard", "https://krs.object.gov-ncloudstorage.com"),
    StorageRegion("gov", "KR", "gov-standard", "https://kr.object.gov-ncloudstorage.com"),
    StorageRegion("fin", "FKR", "fin-standard", "https://kr.object.fin-ncloudstorage.com"),
)


def region_of_code(code: str, site: str = PUBLIC) -> StorageRegion | None:
    """Return the region that NCLOUD_REGION means, such as KR, USWN, SGN, JPN or DEN; None for another one."""
    wanted = code.strip().upper()
    return next((one for one in REGIONS if one.site == site and wanted.startswith(one.code)), None)


def region_of_url(url: str) -> StorageRegion | None:
    """Return the region whose endpoint a URL names, None for an endpoint of somebody else."""
    try:
        host = URL(url).host
    except ValueError:
        return None
    return next((one for one in REGIONS if URL(one.url).host == host), None)


def storage_at(url: str) -> Storage:
    """Return the storage at a URL, with the region by which a known endpoint wants requests signed.

    Raises:
        ConfigError: the URL cannot be one.
    """
    region = region_of_url(url)
    return Storage(url, REGION if region is None else region.name)
