"""Sites of NAVER Cloud, which share neither keys nor hosts: public, government and financial.

Pure. Source: the argument ``site`` of the vendor's Terraform provider, and the gateways that it sets for each.
"""

from collections.abc import Mapping

from yarl import URL

PUBLIC = "public"
"""The site that Media Intelligence is documented for."""
SITES: Mapping[str, str] = {PUBLIC: ".ntruss.com", "gov": ".gov-ntruss.com", "fin": ".fin-ntruss.com"}
"""By site, the end of the host names of its API gateways."""
SITE_NAMES = ("NCLOUD_SITE", "NCLOUD_API_GW")
"""Variables that tell the site: by its name, and by the URL of its gateway."""


def site_of_url(url: str) -> str:
    """Return the site whose gateway a URL names, '' for a host of somebody else."""
    try:
        host = URL(url).host or ""
    except ValueError:
        return ""
    return next((site for site, end in SITES.items() if host.lower().endswith(end)), "")


def is_foreign(site: str, url: str) -> bool:
    """Return True if keys of a site, '' for an unknown one, open nothing at a URL: that of the public site."""
    return site not in {"", PUBLIC} and site_of_url(url) == PUBLIC


def environment_site(environ: Mapping[str, str]) -> tuple[str, str]:
    """Return the site that the environment names, and the variable that does; two empty texts if none does."""
    by_name, by_gateway = SITE_NAMES
    if site := environ.get(by_name, "").strip().lower():
        return site, by_name
    site = site_of_url(environ.get(by_gateway, "").strip())
    return site, by_gateway if site else ""
