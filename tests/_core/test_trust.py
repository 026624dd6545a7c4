"""Whom a session trusts, and what it says of those whom it does not."""

import datetime as dt
import errno
import os
import ssl
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest
import trustme

import mi_async
from mi_async._core.trust import trust
from mi_async.errors import ConfigError, ConnectError, ResourceError
from tests.support.canned import canned, http
from tests.support.newsroom import context_of
from tests.support.talking import KEYS, ONCE, QUERY, WORKSPACE, asked
from tests.support.tls import AUTHORITY, ca_file, server_context


async def test_one_context_serves_the_api_uploads_and_the_storage(tmp_path: Path) -> None:
    async with (
        canned(WORKSPACE, http(), tls=server_context()) as server,
        mi_async.connect(KEYS, base_url=server.url, ca_file=tmp_path / ca_file(tmp_path), retry=ONCE) as session,
    ):
        assert (await asked(session)).workspace_name == "newsroom"
        await context_of(session.workspace("newsroom")).put(f"{server.url}/a.jpg{QUERY}", b"x", "image/jpeg")
        assert len(server.received) == 2
        network = context_of(session.workspace("newsroom")).store.connection.network
        assert network.ssl_context is session._calls.transport.trust is not None


async def test_a_certificate_that_is_not_trusted_names_the_setting_and_is_tried_once(tmp_path: Path) -> None:
    other = ca_file(tmp_path, trustme.CA())
    async with canned(WORKSPACE, tls=server_context()) as server:
        for settings in ({}, {"ca_file": other}):
            async with mi_async.connect(KEYS, base_url=server.url, **settings) as session:  # type: ignore[arg-type]
                with pytest.raises(ConnectError) as caught:
                    await asked(session)
            assert str(caught.value).startswith(
                f"{server.url}/api/v1/workspaces/newsroom: the certificate of 127.0.0.1 is not trusted: "
            )
            assert str(caught.value).endswith(
                "; name the file of its CA with connect(ca_file=...), --ca-file or SSL_CERT_FILE"
            )
            assert caught.value.permanent
    assert not server.received


@pytest.mark.parametrize("wrong", ["name", "expired"])
async def test_a_certificate_that_another_ca_would_not_mend(wrong: str, tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    past = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    name, until = ("other.example", None) if wrong == "name" else ("127.0.0.1", past)
    AUTHORITY.issue_cert(name, not_before=past if until else None, not_after=until).configure_cert(context)
    says = "mismatch" if wrong == "name" else "expired; check the clock"
    async with (
        canned(WORKSPACE, tls=context) as server,
        mi_async.connect(KEYS, base_url=server.url, ca_file=ca_file(tmp_path)) as session,
    ):
        with pytest.raises(ConnectError, match=says) as one:
            await asked(session)
    assert "ca_file" not in str(one.value)


async def test_a_connector_brings_its_own_trust(tmp_path: Path) -> None:
    path = ca_file(tmp_path)
    own = aiohttp.TCPConnector(ssl=ssl.create_default_context(cafile=path))
    async with own, canned(WORKSPACE, tls=server_context()) as server:
        async with mi_async.connect(KEYS, base_url=server.url, connector=own, retry=ONCE) as session:
            assert (await asked(session)).workspace_name == "newsroom"
        with pytest.raises(ConfigError, match="give ca_file or a connector, not both"):
            mi_async.connect(KEYS, connector=own, ca_file=path)


@pytest.mark.parametrize(("content", "says"), [(None, "cannot be read: .*No such file"), ("", "holds no cert")])
async def test_a_ca_file_that_is_none_is_refused_when_the_session_opens(
    content: str | None, says: str, tmp_path: Path
) -> None:
    path = tmp_path / "company\x1b.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigError, match=says) as caught:
        await mi_async.connect(KEYS, ca_file=path)
    assert r"company\x1b.pem" in str(caught.value)


def test_what_no_path_is() -> None:
    with pytest.raises(ConfigError, match="ca_file must be the path of a file of certificates"):
        mi_async.connect(KEYS, ca_file=7)  # type: ignore[arg-type]  # that is the point
    with pytest.raises(ConfigError, match=r"ca_file cannot be read: a\\x00b: "):
        trust("a\0b")


def test_a_ca_file_that_cannot_be_read_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_options: object) -> None:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(ssl, "create_default_context", full)
    path = ca_file(tmp_path)
    with pytest.raises(ResourceError) as caught:
        trust(path, "the ca_file of the storage")
    assert str(caught.value) == f"the ca_file of the storage cannot be read now: {path}: Too many open files"
    assert caught.value.source == path


def test_a_directory_of_certificates(tmp_path: Path) -> None:
    (tmp_path / "0123abcd.0").write_text(Path(ca_file(tmp_path)).read_text())
    assert isinstance(trust(str(tmp_path)), ssl.SSLContext)


def test_a_directory_that_openssl_would_not_read_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "certificates"
    folder.mkdir()
    (folder / "ca.pem").write_text(Path(ca_file(tmp_path)).read_text())
    with pytest.raises(ConfigError) as caught:
        trust(str(folder))
    assert str(caught.value) == (
        f"ca_file is a directory without certificates by hash: {folder}; "
        "name a file (PEM), or run `openssl rehash` on the directory"
    )


def test_the_environment_names_the_usual_certificates(tmp_path: Path) -> None:
    program = (
        "from mi_async._core.trust import trust; c = trust(None); "
        "print(len(c.get_ca_certs()), trust(None) is c, c.verify_mode.name, c.check_hostname)"
    )
    environ = os.environ | {"SSL_CERT_FILE": ca_file(tmp_path), "SSL_CERT_DIR": str(tmp_path)}
    ran = subprocess.run([sys.executable, "-c", program], env=environ, check=True, capture_output=True, text=True)
    assert ran.stdout == "1 True CERT_REQUIRED True\n"


@pytest.mark.parametrize("wrong", [0, -1, 1.5, True, "1"])
def test_a_limit_of_answers_that_cannot_work(wrong: int) -> None:
    with pytest.raises(ConfigError, match="max_response must be a number of bytes from 1, not "):
        mi_async.connect(KEYS, max_response=wrong)
