"""Checks of this machine: versions, terminal, keys, settings. They send nothing.

Invariant: a check returns what it found and raises nothing of its own; no result holds a secret.
"""

import asyncio
import os
import platform
import ssl
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from mi_async._core.extras import EXTRAS, missing_of
from mi_async._core.key_advice import form_fault, named_key, site_fault
from mi_async._core.key_forms import masked
from mi_async._core.proxies import environment_proxies, is_this_machine, proxy_variable
from mi_async._core.sites import PUBLIC, environment_site, is_foreign, site_of_url
from mi_async._core.trust import trust
from mi_async.credentials import (
    ACCESS_KEY_NAMES,
    DEFAULT_PROFILE,
    SECRET_KEY_NAMES,
    Credentials,
    find_credentials,
    profile_gateway,
)
from mi_async.doctor.models import CheckResult, failed, fine, warning
from mi_async.doctor.subject import Subject
from mi_async.errors import ConfigError, CredentialsError, MIError
from mi_async.session_opening import connect
from mi_async.storage.regions import region_of_url
from mi_async.text import escaped
from mi_async.version import VERSION

NARROW = 60
"""Columns below which tables are hard to read."""
CA_NAMES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
NO_KEYS = (
    "set NCLOUD_ACCESS_KEY_ID and NCLOUD_SECRET_ACCESS_KEY, or write them to ~/.ncloud/configure (console: My Account)"
)
GIVEN_PROXY = "connect(proxy=...), --proxy"
READ_PROXIES = "connect(proxy=mi_async.environment_proxies(os.environ))"
PLAIN = ("utf-8", "utf8")


async def check_versions(_subject: Subject) -> CheckResult:
    """Name the versions of what a call goes through, and the extras that are installed."""
    from aiohttp import http_parser  # noqa: PLC0415  as the command line does

    names = [name for name, extra in EXTRAS.items() if extra.install != name and not missing_of(name)]  # pandas is none
    parts = ", ".join(f"{name} {_version(name)}" for name in ("aiohttp", "cryptography") if _version(name))
    text = (
        f"mi-async {VERSION}, Python {platform.python_version()} on {platform.system()}, {parts}, "
        f"{ssl.OPENSSL_VERSION}; extras: {', '.join(names) or 'none'}"
    )
    if http_parser.HttpResponseParser is http_parser.HttpResponseParserPy:
        return warning(f"{text}; aiohttp has no C extension, a call costs 2.4 times the CPU", "install aiohttp's wheel")
    return fine(text)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


async def check_terminal(subject: Subject) -> CheckResult:
    """Name the encoding and the width of the terminal, which Hangul needs."""
    return judged_terminal(getattr(sys.stdout, "encoding", None) or "", _columns(), subject.environ.get("TERM", ""))


def judged_terminal(encoding: str, columns: int, term: str) -> CheckResult:
    """Return the result for an encoding, a width, 0 for no terminal, and a kind of terminal."""
    kind = f", TERM={escaped(term, 50)}" if term else ""
    text = f"{encoding or 'no stdout'}, {f'{columns} columns' if columns else 'no terminal'}{kind}"
    if encoding and encoding.lower() not in PLAIN:
        return warning(f"{text}; Hangul may not be shown", "set PYTHONUTF8=1, and the terminal to UTF-8")
    if 0 < columns < NARROW:
        return warning(text, f"make it {NARROW} columns wide or more; tables are cut below")
    return fine(text)


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns
    except (OSError, ValueError, AttributeError):
        return 0


async def check_credentials(subject: Subject) -> CheckResult:
    """Find the keys, as connect() does, and look at their form."""
    try:
        provider = subject.provider
        if provider is None:
            provider = await asyncio.to_thread(find_credentials, subject.profile)
        subject.keys = keys = await provider.credentials()
    except CredentialsError as error:
        return failed(str(error), NO_KEYS)
    except Exception as error:  # noqa: BLE001  whatever a provider of the program raises
        return failed(f"the credentials provider failed: {type(error).__name__}", "mend the provider")
    if fault := form_fault(keys):
        return warning(f"{named_key(keys)}: {fault}", "correct the keys where they are set")
    return fine(named_key(keys))


async def check_other_keys(subject: Subject) -> CheckResult:
    """Name the other places with keys, which are not read."""
    used = getattr(subject, "keys", None)
    found = await asyncio.to_thread(lambda: list(_other_keys(subject.environ)))
    others = [keys for keys in found if used is None or keys.source != used.source]
    if not others:
        return fine("none")
    shown = " and ".join(f"{masked(keys.access_key)} in {keys.source}" for keys in others)
    if used is not None and any(keys != used for keys in others):
        same = all(keys.access_key == used.access_key for keys in others)
        what = "the same access key with another secret key" if same else "different keys"
        return warning(f"{what}: {shown}; not used", "remove those that are not meant, or name a --profile")
    return fine(f"the same keys: {shown}")


def _other_keys(environ: Mapping[str, str]) -> Iterator[Credentials]:
    for pair in zip(ACCESS_KEY_NAMES, SECRET_KEY_NAMES, strict=True):
        try:
            yield Credentials.from_env({name: environ.get(name, "") for name in pair})
        except CredentialsError:
            continue
    try:
        yield Credentials.from_profile(DEFAULT_PROFILE)
    except CredentialsError:
        return


async def check_settings(subject: Subject) -> CheckResult:
    """Check the arguments of connect(), and read the certificates to trust."""
    try:
        subject.connecting = connect(**subject.given)
        subject.trust = await asyncio.to_thread(trust, subject.settings.ca_file)
    except MIError as error:
        return failed(str(error), "correct the setting")
    return fine(f"base URL {subject.settings.base_url}")


async def check_site(subject: Subject) -> CheckResult:
    """Compare the sites and regions that keys, environment, base URL and storage name."""
    base_url = str(subject.settings.base_url)
    keys = getattr(subject, "keys", None)
    site, named = environment_site(subject.environ)
    if not site and keys is not None and keys.source.startswith("profile "):
        site, named = site_of_url(await asyncio.to_thread(profile_gateway, subject.profile)), keys.source
    if fault := "" if keys is None else site_fault(keys, base_url):
        return failed(fault, "use keys and base URL of one site")
    if is_foreign(site, base_url):
        text = f"{named} names the site {escaped(site, 50)}, and the base URL is one of the public site"
        return failed(text, "use keys of the public site, and correct or unset what names another")
    return _region_fault(subject) or fine(site_of_url(base_url) or "not a host of the vendor's")


def _region_fault(subject: Subject) -> CheckResult | None:
    """Return the fault of endpoint and region of Object Storage, None if they fit."""
    storage = subject.storage
    region = region_of_url(storage.url)
    if region is None:
        return None
    if region.name != storage.region:
        text = f"{storage.url} wants the region {region.name!r}, and requests are signed for {storage.region!r}"
        return failed(text, f"set Storage(region={region.name!r})")
    if site_of_url(str(subject.settings.base_url)) not in {"", region.site}:
        return failed(f"{storage.url} is of the site {region.site!r}, and the service of another", "set --storage-url")
    if (region.site, region.code) != (PUBLIC, "KR"):
        text = f"{storage.url} is not in region Korea, where the service is"
        return warning(text, "see that the bucket of the workspace is there: --storage-url, NCLOUD_REGION")
    return None


async def check_proxy(subject: Subject) -> CheckResult:
    """Name the proxy to the service, and the variable that names it."""
    try:
        proxy = subject.proxy()
    except ConfigError as error:
        return failed(str(error), "correct the proxy")
    named = _named_proxy(subject)
    if proxy is not None:
        shown = repr(proxy).removeprefix("<URL of ").removesuffix(">")  # without user and password
        return fine(f"{shown}, from {_variable(subject) if proxy == named else GIVEN_PROXY}")
    if named is None or subject.given.get("proxy") is not None:
        return fine(_passed_over(subject, named) or "none")
    return warning(f"none: connect() does not read {_variable(subject)}", READ_PROXIES)


def _passed_over(subject: Subject, named: str | None) -> str:
    """Return why the proxies of the environment are not used, '' if it names none."""
    url, environ = subject.settings.base_url, subject.environ
    names = dict.fromkeys(name for scheme in ("https", "http") if (name := proxy_variable(environ, scheme)))
    if not names:
        return ""
    if is_this_machine(url.host or ""):
        reason = "the service is on this machine"
    elif not _variable(subject):
        reason = f"the service is at {url.scheme}://"
    elif named is not None:
        reason = f"{GIVEN_PROXY} chooses none"
    else:
        reason = "NO_PROXY names the host" if environ.get("no_proxy") or environ.get("NO_PROXY") else "it is not usable"
    return f"none: {' and '.join(names)} not used, {reason}"


def _variable(subject: Subject) -> str:
    return proxy_variable(subject.environ, subject.settings.base_url.scheme)


def _named_proxy(subject: Subject) -> str | None:
    """Return the proxy that the environment names for the service."""
    try:
        choose = environment_proxies(subject.environ)
    except ConfigError:  # of a variable that is not used, else the settings would have been refused
        return None
    return None if choose is None else choose(subject.settings.base_url)


async def check_certificates(subject: Subject) -> CheckResult:
    """Name the certificates that are trusted."""
    if subject.settings.ca_file is not None:
        return fine(f"trusted: {escaped(subject.settings.ca_file)}, as ca_file names it, and no other")
    named = [(name, subject.environ[name]) for name in CA_NAMES if subject.environ.get(name)]
    if named:
        return await _named_certificates(named)
    paths = ssl.get_default_verify_paths()
    place = paths.cafile or paths.capath or ""
    if not place and not subject.trust.cert_store_stats()["x509_ca"]:
        return failed("this system has no certificates to trust", "install ca-certificates, or set SSL_CERT_FILE")
    return fine(f"trusted: those of the system{f' ({place})' if place else ''}")


async def _named_certificates(named: Sequence[tuple[str, str]]) -> CheckResult:
    """Name the certificates that variables of the environment name."""
    for name, path in named:
        if not await asyncio.to_thread(Path(path).exists):
            return failed(f"{name} names {escaped(path)}, which does not exist", "correct or unset it")
    return fine("trusted: " + " and ".join(f"{escaped(path)} ({name})" for name, path in named))
