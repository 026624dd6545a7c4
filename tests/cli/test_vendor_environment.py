"""Variables of the vendor's Terraform provider: what wins, and what is refused."""

import pytest

from mi_async.cli.app import run
from mi_async.cli.connection import InStorage
from mi_async.cli.vendor_environment import named_storage, refuse_other_site
from mi_async.errors import ConfigError
from mi_async.settings import BASE_URL
from mi_async.storage.models import Storage

LOCAL = "http://127.0.0.1:8080"
KR, US = "https://kr.object.ncloudstorage.com", "https://us.object.ncloudstorage.com"


@pytest.mark.parametrize(
    ("url", "base_url", "environ", "found"),
    [
        (None, BASE_URL, {}, None),
        (
            US,
            BASE_URL,
            {"NCLOUD_OBS_ENDPOINT": KR},
            (Storage(US, "us-standard"), "--storage-url / MI_ASYNC_STORAGE_URL"),
        ),
        (LOCAL, LOCAL, {}, (Storage(LOCAL), "--storage-url / MI_ASYNC_STORAGE_URL")),
        (
            None,
            BASE_URL,
            {"NCLOUD_OBS_ENDPOINT": US, "NCLOUD_REGION": "KR"},
            (Storage(US, "us-standard"), "NCLOUD_OBS_ENDPOINT"),
        ),
        (None, BASE_URL, {"NCLOUD_REGION": "KR"}, (Storage(KR), "NCLOUD_REGION")),
        (None, BASE_URL, {"NCLOUD_REGION": " usWN "}, (Storage(US, "us-standard"), "NCLOUD_REGION")),
        # what is meant for Terraform sends nothing from an emulator's user to the vendor
        (None, LOCAL, {"NCLOUD_REGION": "KR"}, None),
        (None, LOCAL, {"NCLOUD_OBS_ENDPOINT": KR}, None),
        (None, LOCAL, {"NCLOUD_OBS_ENDPOINT": KR, "NCLOUD_REGION": "KR"}, None),
        (None, LOCAL, {"NCLOUD_OBS_ENDPOINT": LOCAL}, (Storage(LOCAL), "NCLOUD_OBS_ENDPOINT")),
    ],
)
def test_the_storage_that_is_named(
    url: str | None, base_url: str, environ: dict[str, str], found: tuple[Storage, str] | None
) -> None:
    named = named_storage(url, base_url, environ)
    assert (None if named is None else (named.storage, named.source)) == found


def test_a_region_without_object_storage_is_refused_where_it_would_be_used() -> None:
    with pytest.raises(
        ConfigError, match=r"NCLOUD_REGION=XX is no region with an Object Storage \(KR, US, SG, JP, DE\)"
    ):
        named_storage(None, BASE_URL, {"NCLOUD_REGION": "XX"})
    assert named_storage(LOCAL, BASE_URL, {"NCLOUD_REGION": "XX"}) is not None


@pytest.mark.parametrize(
    ("variable", "value"),
    [("NCLOUD_SITE", "gov"), ("NCLOUD_SITE", "FIN"), ("NCLOUD_API_GW", "https://fin-ncloud.apigw.fin-ntruss.com")],
)
def test_another_site_is_refused_unless_the_service_is_named(variable: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"^{variable} names the site"):
        refuse_other_site(BASE_URL, {variable: value})
    with pytest.raises(ConfigError, match=f"^{variable} names the site"):
        refuse_other_site(f"{BASE_URL}/", {variable: value})
    refuse_other_site("https://mi.example", {variable: value})


@pytest.mark.parametrize(
    "environ", [{}, {"NCLOUD_SITE": "public"}, {"NCLOUD_API_GW": "https://ncloud.apigw.ntruss.com"}]
)
def test_the_public_site_is_taken(environ: dict[str, str]) -> None:
    refuse_other_site(BASE_URL, environ)


def test_the_command_line_reads_them(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("MI_ASYNC_BASE_URL", raising=False)
    monkeypatch.setenv("NCLOUD_REGION", "USWN")
    assert InStorage(workspace="newsroom").storage == Storage(US, "us-standard")
    assert InStorage(workspace="newsroom", storage_url=LOCAL).storage == Storage(LOCAL)
    assert InStorage(workspace="newsroom", base_url=LOCAL).storage is None
    monkeypatch.setenv("NCLOUD_SITE", "gov")
    assert run(["workspaces", "list"]) == 2
    assert capsys.readouterr().err.startswith(
        "error: NCLOUD_SITE names the site 'gov', whose keys open nothing elsewhere"
    )
