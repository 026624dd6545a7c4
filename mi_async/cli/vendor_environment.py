"""Variables of the vendor's Terraform provider that the command line reads, beside those of the keys.

Invariant: pure, the environment is an argument. A storage of the vendor's is taken from it only if the service is the
vendor's too: what is meant for Terraform must not send the files of somebody who tries an emulator to the vendor.
Source: ``internal/provider/provider.go`` of the provider.
"""

from collections.abc import Mapping

from attrs import frozen

from mi_async._core.sites import PUBLIC, environment_site, is_foreign, site_of_url
from mi_async.errors import ConfigError
from mi_async.storage.models import Storage
from mi_async.storage.regions import REGIONS, region_of_code, region_of_url, storage_at
from mi_async.text import escaped

ENDPOINT, REGION_CODE = "NCLOUD_OBS_ENDPOINT", "NCLOUD_REGION"
OPTION = "--storage-url / MI_ASYNC_STORAGE_URL"


@frozen
class NamedStorage:
    """A storage, and the option or variable that named it."""

    storage: Storage
    source: str


def refuse_other_site(base_url: str, environ: Mapping[str, str]) -> None:
    """Refuse to sign for the public service with keys that the environment says are of another site.

    Raises:
        ConfigError: the environment names another site, and the base URL is of the public one.
    """
    site, variable = environment_site(environ)
    if is_foreign(site, base_url):
        message = (
            f"{variable} names the site {escaped(site)!r}, whose keys open nothing elsewhere; the service is "
            f"documented for the public site alone; unset it, or name another service: --base-url / MI_ASYNC_BASE_URL"
        )
        raise ConfigError(message)


def named_storage(url: str | None, base_url: str, environ: Mapping[str, str]) -> NamedStorage | None:
    """Return the storage by the option, else by the endpoint of the environment, else by its region; None for none.

    Args:
        url: of the option or its variable.
        base_url: of the service.
        environ: the environment.

    Raises:
        ConfigError: a URL that cannot be one, or a region that has no Object Storage.
    """
    if url is not None:
        return NamedStorage(storage_at(url), OPTION)
    endpoint, code = environ.get(ENDPOINT, "").strip(), environ.get(REGION_CODE, "").strip()
    is_service = bool(site_of_url(base_url))
    if endpoint and (is_service or region_of_url(endpoint) is None):
        return NamedStorage(storage_at(endpoint), ENDPOINT)
    if not code or endpoint or not is_service:
        return None
    region = region_of_code(code, site_of_url(base_url))
    if region is None:
        known = ", ".join(one.code for one in REGIONS if one.site == PUBLIC)
        message = f"{REGION_CODE}={escaped(code, 50)} is no region with an Object Storage ({known}); name it: {OPTION}"
        raise ConfigError(message)
    return NamedStorage(Storage(region.url, region.name), REGION_CODE)
