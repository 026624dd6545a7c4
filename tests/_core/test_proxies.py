"""Which proxy a request goes through, and what a real one sees."""

import pickle
from pathlib import Path

import pytest
from yarl import URL

import mi_async
from mi_async import environment_proxies
from mi_async._core.proxies import Proxies, is_this_machine
from mi_async.errors import ConfigError, ConnectError
from tests.support.canned import canned, http
from tests.support.newsroom import context_of
from tests.support.talking import KEYS, ONCE, QUERY, WORKSPACE, asked, shown_by, transport
from tests.support.tls import ca_file, proxied, server_context

PROXY = "http://proxy:3128"


def chosen(environ: dict[str, str], url: str) -> str | None:
    choose = environment_proxies(environ)
    return None if choose is None else choose(URL(url))


@pytest.mark.parametrize(
    ("environ", "url", "proxy"),
    [
        ({}, "https://mi.example", None),
        ({"HTTPS_PROXY": PROXY}, "https://mi.example", PROXY),
        ({"HTTPS_PROXY": PROXY}, "http://mi.example", None),
        ({"HTTP_PROXY": PROXY}, "http://mi.example", PROXY),
        ({"http_proxy": PROXY}, "https://mi.example", None),
        ({"https_proxy": PROXY, "HTTPS_PROXY": "http://other:1"}, "https://mi.example", PROXY),
        ({"https_proxy": "", "HTTPS_PROXY": PROXY}, "https://mi.example", PROXY),
        ({"ALL_PROXY": PROXY}, "https://mi.example", PROXY),
        ({"all_proxy": PROXY, "HTTP_PROXY": "http://other:1"}, "http://mi.example", "http://other:1"),
        ({"HTTPS_PROXY": "proxy:3128"}, "https://mi.example", PROXY),
        ({"HTTPS_PROXY": "http://u:p%40ss@proxy:3128"}, "https://mi.example", "http://u:p%40ss@proxy:3128"),
        ({"HTTP_PROXY": PROXY, "REQUEST_METHOD": "GET"}, "http://mi.example", None),  # a visitor's header
        ({"HTTPS_PROXY": PROXY}, "https://localhost", None),
        ({"HTTPS_PROXY": PROXY}, "https://127.0.0.1:9", None),
        ({"HTTPS_PROXY": PROXY}, "https://[::1]:9", None),
        ({"HTTPS_PROXY": PROXY}, "https://a.localhost", None),
        ({"HTTPS_PROXY": PROXY}, "https://localhost.", None),
        ({"HTTPS_PROXY": PROXY}, "https://localhost.example", PROXY),
    ],
)
def test_the_environment_names_a_proxy(environ: dict[str, str], url: str, proxy: str | None) -> None:
    assert chosen(environ, url) == proxy


@pytest.mark.parametrize(
    ("listed", "url", "direct"),
    [
        ("*", "https://mi.example", True),
        ("mi.example", "https://mi.example", True),
        ("example", "https://mi.example", True),
        (".example", "https://mi.example", True),
        ("*.example", "https://mi.example", True),
        ("MI.Example", "https://mi.EXAMPLE", True),
        ("mi.example.", "https://mi.example", True),
        (" other , mi.example ", "https://mi.example", True),
        ("ample", "https://mi.example", False),
        ("i.example", "https://mi.example", False),
        ("mi.example:443", "https://mi.example", True),
        ("mi.example:8443", "https://mi.example", False),
        ("10.0.0.0/8", "https://10.1.2.3", True),
        ("10.0.0.0/8", "https://11.1.2.3", False),
        ("10.1.2.3", "https://10.1.2.3", True),
        ("10.1.2.3:443", "https://10.1.2.3", True),
        ("fd00::/8", "https://[fd00::1]", True),
        ("[fd00::1]:443", "https://[fd00::1]", True),
        ("10.0.0.0/8", "https://mi.example", False),
        (",, ,", "https://mi.example", False),
        (".", "https://mi.example", False),
    ],
)
@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
def test_no_proxy_names_what_is_reached_directly(listed: str, url: str, name: str, *, direct: bool) -> None:
    assert chosen({"HTTPS_PROXY": PROXY, name: listed}, url) == (None if direct else PROXY)


@pytest.mark.parametrize("proxy", ["socks5://u:p4ss@proxy:1080", "ftp://proxy", "http://u:p4ss@proxy:x", "http://"])
def test_a_variable_that_names_no_http_proxy_is_refused_without_its_password(proxy: str) -> None:
    with pytest.raises(ConfigError, match=r"HTTPS_PROXY must be http\(s\)://\[user:password@\]host") as caught:
        environment_proxies({"HTTPS_PROXY": proxy})
    assert "p4ss" not in str(caught.value)


ENCODE = "percent-encode special characters in the user and the password"
NO_SOCKS = "SOCKS is not supported, name an HTTP proxy"


@pytest.mark.parametrize(
    ("proxy", "says"),
    [
        ("localhost:3128", 'got "localhost:3128"; write http://localhost:3128'),
        ("foo", 'got "foo"; write http://foo:PORT'),
        ("", 'got ""; write http://HOST:PORT'),
        ("socks5://proxy", f'got "socks5://proxy"; {NO_SOCKS}'),
        ("SOCKS5h://u:p4ss@proxy:1080", f'got "SOCKS5h://***@proxy:1080"; {NO_SOCKS}'),
        ("ftp://proxy:21", 'got "ftp://proxy:21"; write http://proxy:21'),
        ("http://proxy/?a=b", 'got "http://proxy/?a=b"; write http://proxy:PORT'),
        ("http://u:p4ss@/", f'got "http://***@/"; {ENCODE}'),
        ("http://u:p4/ss@proxy:3128", f'got "http://***@proxy:3128"; {ENCODE}'),
        ("http://u:p4@s/s@proxy:3128", f'got "http://***@proxy:3128"; {ENCODE}'),
        ("http://u:p4@s?s@proxy:3128", f'got "http://***@proxy:3128"; {ENCODE}'),
        ("http://u:p4@ss@proxy:3128", f'got "http://***@proxy:3128"; {ENCODE}'),
        ("http://u/p4ss@proxy:3128", f'got "http://***@proxy:3128"; {ENCODE}'),
        ("http://proxy:3128/path", 'got "http://proxy:3128/path"; write http://proxy:3128'),
        ("http://u:p4@ss@proxy:x", f'got "http://***@proxy:***"; {ENCODE}'),
        ("u:p4ss@proxy:3128", f'got "***@proxy:3128"; write http:// before it, and {ENCODE}'),
        ("http://u:p4ss", 'got "http://u:***"; write http://HOST:PORT'),
        (7, "got int; write http://HOST:PORT"),
    ],
)
def test_a_setting_that_is_no_proxy_is_refused(proxy: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        mi_async.connect(KEYS, proxy=proxy)
    assert str(caught.value) == f"proxy must be http(s)://[user:password@]host[:port], {says}"


@pytest.mark.parametrize(
    ("proxy", "said"),
    [
        ("http://u:p4ss@127.0.0.1:1", "the proxy 127.0.0.1:1 cannot be reached: Connect call failed ('127.0.0.1', 1)"),
        ("http://u:p4ss@proxy.invalid:3128", "the proxy proxy.invalid:3128 cannot be reached: "),
    ],
)
async def test_a_proxy_that_cannot_be_reached_is_named(proxy: str, said: str) -> None:
    async with mi_async.connect(KEYS, base_url="http://127.0.0.1:8000", proxy=proxy, retry=ONCE) as session:
        with pytest.raises(ConnectError) as caught:
            await asked(session)
    start = f"http://127.0.0.1:8000/api/v1/workspaces/newsroom: {said}"
    advice = "; check connect(proxy=...), --proxy or HTTPS_PROXY / HTTP_PROXY"
    assert str(caught.value).startswith(start)
    assert str(caught.value).endswith(advice)


def test_a_function_is_asked_once_for_each_host() -> None:
    def choose(url: URL) -> str | None:
        asked_for.append(str(url))
        return "no proxy" if url.port == 1 else None

    asked_for: list[str] = []
    proxies = Proxies(choose)
    assert [proxies.of(URL(f"https://a/{n}?x")) for n in range(3)] == [None] * 3
    assert asked_for == ["https://a"]
    with pytest.raises(ConfigError, match=r"what proxy\(\) returns must be"):
        proxies.of(URL("https://a:1"))


# ---- a real proxy


@pytest.mark.parametrize("auth", [None, "user:p4ss:w@rd"])
async def test_a_call_and_an_upload_go_through_a_tunnel(auth: str | None, tmp_path: Path) -> None:
    tls = server_context("mi.example")
    async with canned(WORKSPACE, tls=tls) as server, proxied(auth, ("127.0.0.1", int(server.url[-5:]))) as proxy:
        written = proxy.url.replace("p4ss:w@rd", "p4ss%3Aw%40rd")
        async with mi_async.connect(
            KEYS, base_url="https://mi.example", proxy=written, ca_file=ca_file(tmp_path), retry=ONCE
        ) as session:
            assert (await asked(session)).workspace_name == "newsroom"
            await context_of(session.workspace("newsroom")).put(f"https://mi.example/a.jpg{QUERY}", b"x", "image/jpeg")
        assert proxy.seen == ["CONNECT mi.example:443 HTTP/1.1"] * 2
        assert proxy.given == [auth] * 2
        assert server.header("X-Ncp-Apigw-Signature-V2") is not None
        assert "p4ss" not in shown_by(session)


@pytest.mark.parametrize("url", ["https://mi.example", "http://mi.example"])
async def test_a_proxy_that_wants_a_password_is_asked_once(url: str) -> None:
    async with proxied("user:right") as proxy:
        wrong = proxy.url.replace("right", "p4ss")
        async with mi_async.connect(KEYS, base_url=url, proxy=wrong) as session:
            with pytest.raises(ConnectError) as caught:
                await asked(session)
    assert len(proxy.seen) == 1
    port = 443 if url.startswith("https") else 80
    assert str(caught.value) == (
        f"{url}:{port}/api/v1/workspaces/newsroom: the proxy answered 407; "
        "it wants a user and a password, as in http://user:password@host:port"
    )
    assert caught.value.permanent
    assert pickle.loads(pickle.dumps(caught.value)).permanent  # noqa: S301  our own bytes


async def test_a_407_without_a_proxy_is_an_answer() -> None:
    async with canned(http(status="407 x")) as server, transport(server.url) as network:
        assert (await network.put(f"{server.url}/a{QUERY}", b"x", "image/png", 5)).status == 407


async def test_each_host_may_have_a_proxy_of_its_own() -> None:
    async with (
        canned(http(b"{}")) as direct,
        proxied() as proxy,
        transport(direct.url, proxy=lambda url: proxy.url if url.host == "bucket.example" else None) as network,
    ):
        await network.put(f"{direct.url}/a.jpg{QUERY}", b"x", "image/png", 5)
        await network.put(f"http://bucket.example/b.jpg{QUERY}", b"x", "image/png", 5)
        assert direct.request_lines == [f"PUT /a.jpg{QUERY} HTTP/1.1"]
        assert proxy.seen == [f"PUT http://bucket.example/b.jpg{QUERY} HTTP/1.1"]


async def test_the_proxy_is_the_storage_s_too() -> None:
    async with mi_async.connect(KEYS, base_url="http://127.0.0.1:1", proxy="http://u:p4ss@proxy:1") as session:
        network = context_of(session.workspace("newsroom")).store.connection.network
        assert network.proxy == "http://u:p4ss@proxy:1"
        assert "p4ss" not in repr(network)


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("localhost", True),
        ("LOCALHOST.", True),
        ("mi.localhost", True),
        ("127.0.0.2", True),
        ("::1", True),
        ("10.0.0.1", False),
        ("localhost.example", False),
        ("notlocalhost", False),
    ],
)
def test_this_machine_is_one_rule_for_proxies_and_for_the_hint(host: str, here: bool) -> None:
    assert is_this_machine(host) is here
