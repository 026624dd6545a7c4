"""The checks against emulators, proxies, certificates and ports that are wrong in one way each."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from mi_async.credentials import Credentials
from mi_async.doctor import CheckStatus, Diagnosis, diagnose
from mi_async.doctor.diagnosis import CHECKS, Check, _run
from mi_async.doctor.local_checks import judged_terminal
from mi_async.doctor.models import CheckResult, fine
from mi_async.doctor.subject import Subject
from mi_async.emulator import CREDENTIALS, Fault, Rejection, Server, Settings, rules, serve
from mi_async.session_opening import connect
from mi_async.storage.models import Storage
from tests.support.canned import DROP, SILENCE, canned, http, success
from tests.support.redis_server import redis_server
from tests.support.tls import ca_file, proxied, server_context

OK, WARNING, FAILED, NOT_TRIED = CheckStatus
SECRET = CREDENTIALS.secret_key
LISTED = success('{"content": [], "totalCount": 0, "totalPage": 0, "pageNo": 1, "pageSize": 1}')
DATED = LISTED.replace(b"Connection: close", b"Date: Thu, 01 Jan 2026 00:00:00 GMT\r\nConnection: close")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home directory without keys."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("NCLOUD_ACCESS_KEY_ID", "NCLOUD_SECRET_ACCESS_KEY", "NCLOUD_ACCESS_KEY", "NCLOUD_SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serve(settings=Settings(workspaces=("newsroom", "sports"))) as running:
        yield running


async def diagnosed(
    base_url: str, credentials: Any = CREDENTIALS, environ: Mapping[str, str] | None = None, **more: Any
) -> Diagnosis:
    """Diagnose with time enough for a busy machine; what holds for every diagnosis is asserted here."""
    found = await diagnose(credentials, base_url=base_url, environ=environ or {}, **({"timeout": 60.0} | more))
    assert [each.name for each in found.results] == [check.name for check in CHECKS]
    assert SECRET not in str(found)
    assert all("\n" not in str(each) for each in found.results)
    assert all(each.remedy for each in found.results if each.status in {WARNING, FAILED})
    assert found.ok == (FAILED not in [each.status for each in found.results])
    return found


def statuses(found: Diagnosis) -> dict[str, str]:
    """Status of each check beyond this machine that was tried."""
    return {check.name: found[check.name].status.value for check in CHECKS if check.network}


async def test_all_is_well(server: Server) -> None:
    found = await diagnosed(server.url, workspace="newsroom")
    assert found.ok, str(found)
    assert found["credentials"].text == "access key ****-KEY as the program gave it"
    assert found["connection"].text.endswith("plain HTTP, on this machine")
    assert found["signature"].text.endswith("; the key sees 2 workspaces")
    assert found["workspace"].text.startswith("newsroom, ")
    assert found["bucket"].status is NOT_TRIED
    assert found.as_dict()["checks"][0]["name"] == "versions"


async def test_two_signed_calls_are_made(server: Server) -> None:
    await diagnosed(server.url, workspace="newsroom")
    assert {name: server.log.count(name) for name in server.log.arrivals} == {"workspaces.get": 1, "workspaces.list": 1}


async def test_the_wrong_secret(server: Server) -> None:
    found = await diagnosed(server.url, Credentials(CREDENTIALS.access_key, "an-0ther-s3cret"))
    assert found["signature"].status is FAILED
    assert "Authentication Failed: the signature does not match (HTTP 401, code 200)" in found["signature"].text
    assert found["signature"].remedy == (
        "access key ****-KEY as the program gave it: it is unknown or disabled, or the secret key is that of "
        "another key: copy both again"
    )
    assert found["workspace"] == CheckResult(NOT_TRIED, "signature: failed", name="workspace")
    assert "an-0ther-s3cret" not in str(found)


async def test_a_clock_that_is_ten_minutes_off() -> None:
    async with serve(settings=Settings(clock_offset=600.0)) as late:
        found = await diagnosed(late.url)
    assert found["clock"].status is WARNING
    assert re.match(r"this machine is (9 min [3-5]\d|10 min [0-2]\d) s behind the service; ", found["clock"].text)
    assert found["signature"].status is OK


@pytest.mark.parametrize(("offset", "status"), [(-60.0, WARNING), (1.0, OK)])
async def test_smaller_offsets(offset: float, status: CheckStatus) -> None:
    async with serve(settings=Settings(clock_offset=offset)) as late:
        found = await diagnosed(late.url)
    assert found["clock"].status is status


@pytest.mark.parametrize(
    ("fault", "remedy"),
    [
        (rules.PERMISSION_DENIED, "a sub account needs a permission"),
        (Rejection(403, "", "Forbidden", rules.Dialect.GATEWAY), "a sub account needs a permission"),
        (Fault.UNAVAILABLE, "try again in some minutes"),
        (rules.RATE_LIMITED, "wait a minute"),
        (rules.INVALID, "docs/troubleshooting.md"),
        (Fault.DROP_BEFORE, "see the checks above"),
    ],
)
async def test_refusals_of_the_signed_call(server: Server, fault: Fault | Rejection, remedy: str) -> None:
    server.faults.next("workspaces.list", fault, times=2)
    found = await diagnosed(server.url)
    assert found["signature"].status is FAILED
    assert remedy in found["signature"].remedy


@pytest.mark.parametrize(
    ("name", "remedy"),
    [("newsrom", "did you mean 'newsroom'?"), ("zzz", "this key sees newsroom, sports")],
)
async def test_a_workspace_that_is_not_there(server: Server, name: str, remedy: str) -> None:
    found = await diagnosed(server.url, workspace=name)
    assert (found["workspace"].status, found["workspace"].text) == (FAILED, f"there is no workspace {name!r}")
    assert found["workspace"].remedy == remedy


async def test_no_workspace_at_all() -> None:
    async with serve(settings=Settings(workspaces=())) as empty:
        found = await diagnosed(empty.url, workspace="newsroom")
    assert found["workspace"].text.endswith("and this key sees none")


async def test_a_workspace_that_may_not_be_looked_at(server: Server) -> None:
    server.faults.next("workspaces.get", rules.NOT_PERMITTED)
    found = await diagnosed(server.url, workspace="newsroom")
    assert "a sub account needs a permission" in found["workspace"].remedy


async def test_a_closed_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    found = await diagnosed(f"http://127.0.0.1:{port}")
    assert found["connection"].status is FAILED
    assert found["connection"].remedy == "is it running? see --base-url / MI_ASYNC_BASE_URL"
    assert {name: status for name, status in statuses(found).items() if status != "not tried"} == {
        "DNS": "ok",
        "connection": "failed",
    }


PAGE = b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: 18\r\n\r\n<html>nginx</html>"


async def test_any_web_server_is_not_the_service() -> None:
    async with canned(PAGE) as web:
        found = await diagnosed(web.url)
        through = await diagnosed("http://mi.example", proxy=web.url)
    for one, remedy in ((found, "correct --base-url"), (through, "correct --proxy and --base-url")):
        assert one["connection"].status is FAILED
        assert one["connection"].text.startswith("a web server answered, not the service: ")
        assert one["connection"].remedy == remedy
        assert one["signature"].status is NOT_TRIED
        assert "<" not in str(one)


async def test_a_service_that_speaks_plain_http(server: Server) -> None:
    found = await diagnosed(server.url.replace("http://", "https://"))
    assert found["connection"].status is FAILED
    assert found["connection"].remedy == "it speaks plain HTTP: write http:// in the URL of the service"


async def test_a_proxy_that_is_not_there_is_advised_about_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    connection = (await diagnosed("http://mi.example", proxy=f"http://127.0.0.1:{port}"))["connection"]
    assert "check" not in connection.text
    assert connection.remedy == "check connect(proxy=...), --proxy or HTTPS_PROXY / HTTP_PROXY"


async def test_the_same_access_key_with_another_secret_is_named() -> None:
    environ = {"NCLOUD_ACCESS_KEY_ID": CREDENTIALS.access_key, "NCLOUD_SECRET_ACCESS_KEY": "an-0ther-s3cret"}
    found = await diagnosed("http://127.0.0.1:9", environ=environ, network=False)
    assert found["other keys"].text.startswith("the same access key with another secret key: ****-KEY in ")


async def test_a_host_that_does_not_resolve() -> None:
    found = await diagnosed("https://nowhere.invalid")
    assert found["DNS"].text.startswith("nowhere.invalid does not resolve: ")
    assert found["connection"].text == "DNS: failed"


@pytest.mark.parametrize("host", ["a" * 70 + ".com", "a..b"])
async def test_a_host_that_no_name_server_can_be_asked_for(host: str) -> None:
    found = await diagnosed(f"https://{host}")
    assert (found["DNS"].status, found["DNS"].text) == (FAILED, f"{host} does not resolve: it is no host name")


async def test_a_certificate_of_a_private_authority_is_named(tmp_path: Path) -> None:
    async with canned(LISTED, tls=server_context()) as private:
        found = await diagnosed(private.url)
        assert found["connection"].status is FAILED
        assert "its certificate was issued by trustme v" in found["connection"].text
        assert "--ca-file or SSL_CERT_FILE" in found["connection"].text
        assert (
            found["connection"].remedy
            == "if that is your company's proxy, trust its certificate; if not, somebody reads along"
        )
        assert private.received
        assert all(b"x-ncp" not in request.lower() for request in private.received)
        trusted = await diagnosed(private.url, ca_file=ca_file(tmp_path))
    assert trusted["connection"].text.startswith("TLSv1.3, certificate issued by trustme v")
    assert "company.pem, as ca_file names it" in trusted["certificates"].text
    assert trusted["signature"].status is OK
    assert trusted["clock"].status is WARNING  # that server has no Date


async def test_a_certificate_that_is_for_another_name(tmp_path: Path) -> None:
    async with canned(LISTED, tls=server_context("mi.example")) as private:
        found = await diagnosed(private.url, ca_file=ca_file(tmp_path))
    assert found["connection"].status is FAILED
    assert found["connection"].remedy == "use the name that the certificate is for: --base-url"


async def test_a_proxy_with_a_password(tmp_path: Path) -> None:
    tls = server_context("mi.example")
    async with canned(LISTED, tls=tls) as real, proxied("user:p4ss", ("127.0.0.1", int(real.url[-5:]))) as proxy:
        more: dict[str, Any] = {"ca_file": ca_file(tmp_path), "environ": {"HTTPS_PROXY": proxy.url}}
        found = await diagnosed("https://mi.example", proxy=proxy.url, **more)
        shown = proxy.url.replace("user:p4ss@", "")
        assert found["proxy"].text == f"{shown}, from HTTPS_PROXY"
        assert found["DNS"].text.startswith("proxy 127.0.0.1 is an address")
        assert found["connection"].status is found["signature"].status is OK
        unread = await diagnosed("https://mi.example", network=False, **more)
        assert unread["proxy"].status is WARNING
        assert unread["proxy"].text == "none: connect() does not read HTTPS_PROXY"
        refused = await diagnosed("https://mi.example", proxy=proxy.url.replace("p4ss", "wr0ng"), **more)
    assert "it wants a user and a password" in refused["connection"].text
    assert refused["connection"].remedy == "check the proxy, and whether it lets the host through"
    assert refused["proxy"].text.endswith("from connect(proxy=...), --proxy")
    assert "p4ss" not in f"{found}{unread}{refused}"
    assert "wr0ng" not in str(refused)


async def test_a_proxy_whose_name_does_not_resolve() -> None:
    found = await diagnosed("https://mi.example", proxy="http://nowhere.invalid:3128")
    assert found["DNS"].text.startswith("proxy nowhere.invalid does not resolve")
    assert found["DNS"].remedy == "correct the proxy"


@pytest.mark.parametrize(
    ("base_url", "environ", "text"),
    [
        ("http://127.0.0.1:9", {}, "none"),
        ("http://127.0.0.1:9", {"HTTPS_PROXY": "p:1"}, "none: HTTPS_PROXY not used, the service is on this machine"),
        ("http://mi.example", {"https_proxy": "p:1"}, "none: https_proxy not used, the service is at http://"),
        (
            "https://mi.example",
            {"HTTPS_PROXY": "p:1", "http_proxy": "p:2", "NO_PROXY": ".example"},
            "none: HTTPS_PROXY and http_proxy not used, NO_PROXY names the host",
        ),
        ("https://mi.example", {"HTTPS_PROXY": "socks5://p:1"}, "none: HTTPS_PROXY not used, it is not usable"),
    ],
)
async def test_a_proxy_of_the_environment_that_is_not_used(base_url: str, environ: dict[str, str], text: str) -> None:
    found = await diagnosed(base_url, environ=environ, network=False)
    assert (found["proxy"].status, found["proxy"].text) == (OK, text)


async def test_a_function_that_chooses_no_proxy() -> None:
    environ = {"HTTPS_PROXY": "http://p:1"}
    found = await diagnosed("https://mi.example", environ=environ, proxy=lambda _url: None, network=False)
    assert found["proxy"].text == "none: HTTPS_PROXY not used, connect(proxy=...), --proxy chooses none"


async def test_a_function_that_chooses_no_proxy_that_can_be_one() -> None:
    found = await diagnosed("https://mi.example", proxy=lambda _url: "socks5://x:1")
    assert found["proxy"].status is FAILED


async def test_a_check_has_a_deadline() -> None:
    async with canned(SILENCE) as silent:
        found = await diagnosed(silent.url, timeout=0.3)
    assert found["connection"].status is FAILED
    assert found["connection"].text == "no end in 0.3 s"


async def test_a_service_that_fails_and_one_that_hangs_up() -> None:
    async with canned(http(status="503 Service Unavailable")) as failing:
        found = await diagnosed(failing.url)
        assert found["connection"].status is WARNING
        assert found["connection"].text.startswith("HTTP 503 in ")
    async with canned(DROP) as dropping:
        found = await diagnosed(dropping.url)
        assert found["connection"].status is FAILED


async def test_without_keys_the_network_is_checked_all_the_same(server: Server) -> None:
    found = await diagnosed(server.url, None)
    assert found["credentials"].text.startswith("no credentials found; looked at: ")
    assert found["clock"].status is OK
    assert found["signature"].text == "credentials: failed"


async def test_a_provider_that_fails(server: Server) -> None:
    class Vault:
        async def credentials(self) -> Credentials:
            raise RuntimeError(SECRET)

    found = await diagnosed(server.url, Vault())
    assert found["credentials"].text == "the credentials provider failed: RuntimeError"


async def test_other_keys_are_named(home: Path, server: Server) -> None:
    other = {"NCLOUD_ACCESS_KEY": "ANOTHER-KEY-1234", "NCLOUD_SECRET_KEY": SECRET}
    found = await diagnosed(server.url, environ=other)
    assert found["other keys"].status is WARNING
    assert found["other keys"].text == "different keys: ****1234 in NCLOUD_ACCESS_KEY and NCLOUD_SECRET_KEY; not used"
    (home / ".ncloud").mkdir()
    pair = f"ncloud_access_key_id = {CREDENTIALS.access_key}\nncloud_secret_access_key = {SECRET}\n"
    (home / ".ncloud" / "configure").write_text(pair)
    found = await diagnosed(server.url, environ={})
    assert found["other keys"].text == "the same keys: ****-KEY in profile DEFAULT of ~/.ncloud/configure"


async def test_other_keys_that_are_swapped_show_no_part_of_the_secret(server: Server) -> None:
    secret = "s3cr3t" * 6 + "WXYZ"
    swapped = {"NCLOUD_ACCESS_KEY": secret, "NCLOUD_SECRET_KEY": "A" * 20}
    found = await diagnosed(server.url, environ=swapped)
    assert found["other keys"].text.startswith("different keys: **** in NCLOUD_ACCESS_KEY")
    assert "WXYZ" not in str(found)


async def test_keys_of_an_odd_form(server: Server) -> None:
    found = await diagnosed(server.url, Credentials('"quoted-key"', "s3cret"))
    assert found["credentials"].status is WARNING
    assert found["signature"].remedy.endswith("the access key has a quotation mark in it: write it without")


@pytest.mark.parametrize(
    ("given", "environ", "status", "text"),
    [
        ({}, {}, OK, "public"),
        ({}, {"NCLOUD_SITE": "gov"}, FAILED, "NCLOUD_SITE names the site gov"),
        ({"base_url": "https://mi.apigw.gov-ntruss.com"}, {}, FAILED, "the base URL is one of the site 'gov'"),
        ({"base_url": "https://mi.example"}, {"NCLOUD_SITE": "gov"}, OK, "not a host of the vendor's"),
        ({"storage": Storage("https://us.object.ncloudstorage.com")}, {}, FAILED, "wants the region 'us-standard'"),
        (
            {"storage": Storage("https://us.object.ncloudstorage.com", "us-standard")},
            {},
            WARNING,
            "not in region Korea",
        ),
        ({"storage": Storage("https://kr.object.gov-ncloudstorage.com", "gov-standard")}, {}, FAILED, "'gov'"),
        ({"storage": Storage("http://127.0.0.1:1")}, {}, OK, "public"),
    ],
)
async def test_sites_and_regions(
    given: dict[str, Any], environ: dict[str, str], status: CheckStatus, text: str
) -> None:
    found = await diagnosed(**({"base_url": "https://mi.apigw.ntruss.com"} | given), environ=environ, network=False)
    assert (found["site"].status, text in found["site"].text) == (status, True), str(found["site"])


@pytest.mark.parametrize(
    ("gateway", "status"),
    [("https://ncloud.apigw.gov-ntruss.com", FAILED), ("https://ncloud.apigw.ntruss.com", OK), ("", OK)],
)
async def test_the_gateway_of_the_profile_tells_its_site(gateway: str, status: CheckStatus, home: Path) -> None:
    (home / ".ncloud").mkdir()
    pair = f"ncloud_access_key_id = {CREDENTIALS.access_key}\nncloud_secret_access_key = {SECRET}\n"
    (home / ".ncloud" / "configure").write_text(f"{pair}ncloud_api_url = {gateway}\n")
    found = await diagnosed("https://mi.apigw.ntruss.com", None, network=False)
    assert found["credentials"].text == "access key ****-KEY from profile DEFAULT of ~/.ncloud/configure"
    assert found["site"].status is status, str(found["site"])


async def test_without_the_network_nothing_is_sent(server: Server) -> None:
    found = await diagnosed(server.url, network=False)
    assert set(statuses(found).values()) == {"not tried"}
    assert found.ok
    assert not server.log.arrivals


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"base_url": "ftp://x"}, "base_url must be"),
        ({"ca_file": "/nowhere/x.pem"}, "ca_file cannot be read"),
        ({"proxy": "socks5://u:p4ss@x:1"}, "SOCKS is not supported"),
    ],
)
async def test_settings_that_cannot_work(given: dict[str, Any], text: str) -> None:
    found = await diagnosed(**({"base_url": "https://mi.example"} | given))
    assert found["settings"].status is FAILED
    assert text in found["settings"].text
    assert "p4ss" not in str(found)
    assert set(statuses(found).values()) == {"not tried"}


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
async def test_certificates_of_the_environment(name: str, tmp_path: Path) -> None:
    found = await diagnosed("https://mi.example", environ={name: str(tmp_path)}, network=False)
    assert found["certificates"].text == f"trusted: {tmp_path} ({name})"
    found = await diagnosed("https://mi.example", environ={name: str(tmp_path / "no")}, network=False)
    assert found["certificates"].status is FAILED


async def test_a_check_that_fails_in_an_unforeseen_way_ends_no_other(server: Server) -> None:
    found = await diagnosed(server.url, environ={"SSL_CERT_FILE": "/" + "a" * 300})
    assert found["certificates"].text == "the check ended with OSError: File name too long"
    assert found["credentials"].status is OK


async def test_a_quota_store_that_does_not_run(server: Server) -> None:
    found = await diagnosed(server.url, quota_store="redis://:p4ss@127.0.0.1:9/0")
    assert found["quota store"].status is FAILED
    assert "p4ss" not in str(found)


async def test_a_journal_that_is_not_there_yet_and_one_that_is_none(server: Server, tmp_path: Path) -> None:
    found = await diagnosed(server.url, journal=str(tmp_path / "run.journal"))
    assert found["journal"].text == f"{tmp_path / 'run.journal'}: none yet, the first run makes it"
    (tmp_path / "other").write_text("something else")
    found = await diagnosed(server.url, journal=str(tmp_path / "other"))
    assert found["journal"].status is FAILED
    found = await diagnosed(server.url, journal="postgresql://u:p4ss@127.0.0.1:9/db")
    assert found["journal"].status is FAILED
    assert "p4ss" not in str(found)


async def test_a_journal_that_is_there(server: Server, tmp_path: Path) -> None:
    place = tmp_path / "run.journal"
    async with connect(CREDENTIALS, base_url=server.url) as session:
        async for _ in session.workspace("newsroom").enroll_many([], journal=place):
            pass
    found = await diagnosed(server.url, journal=str(place))
    assert found["journal"].text == f"{place}: enroll in newsroom"


@pytest.mark.slow  # a Redis server
async def test_a_quota_store_that_answers(server: Server, tmp_path: Path) -> None:
    with redis_server(tmp_path) as store:
        found = await diagnosed(server.url, quota_store=store.url)
    assert found["quota store"].text.startswith("answers in ")


@pytest.mark.parametrize(
    ("encoding", "columns", "term", "status", "text"),
    [
        ("utf-8", 80, "xterm", OK, "utf-8, 80 columns, TERM=xterm"),
        ("UTF-8", 0, "", OK, "UTF-8, no terminal"),
        ("", 0, "", OK, "no stdout, no terminal"),
        ("cp949", 120, "", WARNING, "cp949, 120 columns; Hangul may not be shown"),
        ("utf-8", 40, "", WARNING, "utf-8, 40 columns"),
    ],
)
def test_terminals(encoding: str, columns: int, term: str, status: CheckStatus, text: str) -> None:
    result = judged_terminal(encoding, columns, term)
    assert (result.status, result.text) == (status, text)


def subject() -> Subject:
    return Subject({}, None, None, None, {}, 5.0, network=True)


async def test_checks_that_need_nothing_of_each_other_run_at_once() -> None:
    both = asyncio.Barrier(2)

    async def meets(_subject: Subject) -> CheckResult:
        await both.wait()
        return fine("met")

    found = await _run((Check("a", meets), Check("b", meets)), subject())
    assert [each.status for each in found.results] == [OK, OK]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_a_check_waits_only_for_those_above_it(check: Check) -> None:
    above = [each.name for each in CHECKS[: CHECKS.index(check)]]
    assert {*check.needs, *check.after} <= set(above)
