"""The proxy that a request goes through: one for all, one for each host, or what the environment names.

Pure: the environment is an argument. Invariant: a proxy's URL, which may hold a password, is a MaskedURL everywhere.
"""

import re
from collections.abc import Callable, Mapping
from ipaddress import ip_address, ip_network
from typing import TypeAlias

from attrs import define, field
from yarl import URL

from mi_async._core.url_secrets import has_stray_at, masked_url
from mi_async.errors import ConfigError
from mi_async.text import MaskedURL, escaped

ProxyChoice: TypeAlias = str | Callable[[URL], str | None] | None
"""The URL of an HTTP proxy, a function from the URL of a request to that of its proxy or None, or None for no proxy."""
_HOST = re.compile(r"(\w+://)?(?P<name>[\w.-]+)(:(?P<port>\d{1,5}))?(?=[/?#]|$)", re.ASCII)
"""A host and perhaps a port, with or without a scheme."""


def proxy_url(text: object, name: str = "proxy") -> MaskedURL:
    """Check the URL of a proxy.

    Args:
        text: the URL; ``http://user:password@host:port`` with what is special in them percent-encoded.
        name: of the setting, for messages.

    Raises:
        ConfigError: it cannot be one, or is of a kind that is not supported (SOCKS).
    """
    try:
        url = URL(text) if isinstance(text, str) else URL()
        usable = url.scheme in {"http", "https"} and url.host and url.port and not has_stray_at(str(text))
    except ValueError:
        url, usable = URL(), None
    if not usable or url.path not in {"", "/"} or url.query_string or url.fragment:
        message = f"{name} must be http(s)://[user:password@]host[:port], got {_masked(text)}; {_fix(text)}"
        raise ConfigError(message)
    return MaskedURL(url)


def _masked(text: object) -> str:
    """Return what was given, for a message."""
    return f'"{escaped(masked_url(text))}"' if isinstance(text, str) else type(text).__name__


def _fix(text: object) -> str:
    """Return what to write instead of what cannot be the URL of a proxy."""
    given = text if isinstance(text, str) else ""
    if given.lower().startswith("socks"):
        return "SOCKS is not supported, name an HTTP proxy"
    if "@" in given and "://" not in given:
        return "write http:// before it, and percent-encode special characters in the user and the password"
    if "@" in given:
        return "percent-encode special characters in the user and the password"
    host = _HOST.match(given)
    if host is None:
        return "write http://HOST:PORT"
    return f"write http://{escaped(host['name'])}:{host['port'] or 'PORT'}"


@define(eq=False)
class Proxies:
    """The proxy of each host, chosen once."""

    choice: str | Callable[[URL], str | None] = field(repr=False)
    _known: dict[tuple[str, str | None, int | None], MaskedURL | None] = field(init=False, factory=dict, repr=False)

    def of(self, url: URL) -> MaskedURL | None:
        """Return the proxy for a request, None where a function chooses a direct connection.

        Raises:
            ConfigError: the function that chooses has named none that can be one.
        """
        if isinstance(self.choice, str):
            return MaskedURL(self.choice)
        key = url.scheme, url.host, url.port
        if key not in self._known:
            chosen = self.choice(url.origin())
            self._known[key] = None if chosen is None else proxy_url(chosen, "what proxy() returns")
        return self._known[key]


def environment_proxies(environ: Mapping[str, str]) -> Callable[[URL], str | None] | None:
    """Read HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY, in either case, as curl and requests do.

    The lower-case name wins; ``host:port`` without a scheme is taken as http. NO_PROXY is a list of host names (with
    all that ends in them), ``host:port``, addresses, networks (``10.0.0.0/8``) and ``*``. This machine is never
    reached through a proxy.

    Returns:
        What ``connect(proxy=...)`` takes; None when the environment names no proxy.

    Raises:
        ConfigError: a variable that names something else than an HTTP proxy.
    """

    def named(scheme: str) -> MaskedURL | None:
        name = proxy_variable(environ, scheme)
        if not name:
            return None
        text = environ[name].strip()
        return proxy_url(text if "://" in text else f"http://{text}", name)

    proxies = {scheme: named(scheme) for scheme in ("http", "https")}
    if not any(proxies.values()):
        return None
    listed = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    exempt = [entry.strip().lower() for entry in listed.split(",") if entry.strip()]

    def choose(url: URL) -> str | None:
        host = (url.host or "").lower().rstrip(".")
        if is_this_machine(host) or any(_covers(entry, host, url.port) for entry in exempt):
            return None
        return proxies.get(url.scheme)

    return choose


def proxy_variable(environ: Mapping[str, str], scheme: str) -> str:
    """Return the variable that names the proxy for URLs of a scheme, '' if none does."""
    for name in (f"{scheme}_proxy", f"{scheme.upper()}_PROXY", "all_proxy", "ALL_PROXY"):
        # Under CGI the header "Proxy" of any visitor becomes HTTP_PROXY (CVE-2016-5385).
        if environ.get(name, "").strip() and not (name == "HTTP_PROXY" and "REQUEST_METHOD" in environ):
            return name
    return ""


def is_this_machine(host: str) -> bool:
    """Return True if a host is this machine by its name or address (RFC 6761, section 6.3), without a look-up."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        host = host.lower().rstrip(".")
        return host == "localhost" or host.endswith(".localhost")


def _covers(entry: str, host: str, port: int | None) -> bool:
    """Return True if an entry of NO_PROXY means this host."""
    if entry == "*":
        return True
    try:
        return ip_address(host) in ip_network(entry, strict=False)
    except ValueError:
        pass  # one of them is a name, or has a port
    name, _, number = entry.rpartition(":")
    if name and number.isdecimal() and not name.endswith(":"):
        return int(number) == port and _covers(name.strip("[]"), host, port)
    name = entry.removeprefix("*").removeprefix(".").rstrip(".")
    return bool(name) and (host == name or host.endswith(f".{name}"))
