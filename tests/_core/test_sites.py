"""The sites of the vendor, by hosts and by variables."""

import pytest

from mi_async._core.sites import environment_site, site_of_url


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://mi.apigw.ntruss.com", "public"),
        ("https://ncloud.apigw.gov-ntruss.com/x", "gov"),
        ("https://fin-ncloud.apigw.fin-ntruss.com", "fin"),
        ("https://ntruss.com.example", ""),
        ("http://127.0.0.1:8080", ""),
        ("http://[", ""),
        ("", ""),
    ],
)
def test_the_site_of_a_url(url: str, site: str) -> None:
    assert site_of_url(url) == site


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({}, ("", "")),
        ({"NCLOUD_SITE": " GOV "}, ("gov", "NCLOUD_SITE")),
        ({"NCLOUD_SITE": "", "NCLOUD_API_GW": "https://ncloud.apigw.gov-ntruss.com"}, ("gov", "NCLOUD_API_GW")),
        ({"NCLOUD_SITE": "fin", "NCLOUD_API_GW": "https://ncloud.apigw.gov-ntruss.com"}, ("fin", "NCLOUD_SITE")),
        ({"NCLOUD_API_GW": "https://elsewhere.example"}, ("", "")),
    ],
)
def test_the_site_of_an_environment(environ: dict[str, str], found: tuple[str, str]) -> None:
    assert environment_site(environ) == found
