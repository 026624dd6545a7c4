"""Passwords in URLs that are sent and kept: refused, but for names of variables, which are looked up where it is used.

Invariant: no message shows a URL.
"""

import os
import platform
import re
from urllib.parse import parse_qsl, quote, urlsplit

from mi_async.errors import ConfigError

SECRETS = frozenset({"password", "sslpassword"})
"""Parameters of a URL that are secret."""
VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
"""A variable of the environment in a URL, as shells write it."""
NO_PORT = re.compile(r":(?!\d+(?:[/?#]|$))[^:\]]+$")
"""Text in the place of a port that is none: it may be a password whose host was forgotten."""


def check_no_secret(name: str, url: str) -> None:
    """Refuse a URL with a password, unless it is the name of a variable; the URL is not shown.

    Raises:
        ConfigError: it holds one.
    """
    if any(not VARIABLE.fullmatch(secret) for secret in _secrets(url) if secret):
        message = (
            f"{name}: the URL holds a password, and a member is sent and kept as it is; write the name of a "
            "variable in its place, ${NAME}, which is looked up where the member runs"
        )
        raise ConfigError(message)


def has_stray_at(url: str) -> bool:
    """Return True if a URL has an ``@`` that ends no user: of a password with ``@ / ?`` or ``#`` in it as they are.

    Programs then disagree on the host, and what one of them takes for it, and shows, may be a part of the password.
    """
    parts = urlsplit(url)
    user = parts.netloc.rpartition("@")[0]
    return bool(parts.netloc) and "@" in f"{user}{parts.path}{parts.query}{parts.fragment}"


def _secrets(url: str) -> list[str]:
    """Return the passwords of a URL; the whole of it where nobody can tell which part is one."""
    try:
        parts = urlsplit(url)
        if has_stray_at(url):
            return [url]
    except ValueError:  # as of brackets, or a character that stands for a slash
        return [url] if "@" in url else []
    given = [value for name, value in parse_qsl(parts.query) if name in SECRETS]
    return given if parts.password is None else [*given, parts.password]


def masked_url(text: str) -> str:
    """Return a text, URL or not, without what may be a user and a password: all before the last ``@``."""
    scheme, mark, rest = text.rpartition("://") if text.count("://") == 1 else ("", "", text)
    _, has_user, host = rest.rpartition("@")
    return f"{scheme}{mark}{'***@' if has_user else ''}{NO_PORT.sub(':***', host)}"


def filled(url: str) -> str:
    """Return a URL with the variables of the environment that it names.

    Raises:
        ConfigError: one of them is not set.
    """

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name not in os.environ:
            message = f"the variable {name}, which a URL names, is not set on {platform.node()}"
            raise ConfigError(message)
        return quote(os.environ[name], safe="", errors="surrogateescape")

    return VARIABLE.sub(value, url)
