"""Versions for ``mi-async --version``: of the package, and of what it stands on.

Invariant: reads what is installed, and asks nobody.
"""

import platform
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of

from mi_async.text import aligned
from mi_async.version import VERSION

PARTS = ("aiohttp", "aiolimiter", "attrs", "cattrs", "orjson", "tenacity", "yarl", "cyclopts", "rich")
"""Packages whose versions ``--version --verbose`` shows."""


def versions(*, full: bool) -> str:
    """Return the version; in full with those of the package's dependencies.

    aiohttp without its C parser costs 2.4 times the CPU a call, so the parser is named, too.
    """
    if not full:
        return f"mi-async {VERSION}"
    from aiohttp import http_parser  # noqa: PLC0415  the help needs no HTTP

    rows = [
        ("mi-async", VERSION),
        ("Python", f"{platform.python_version()} ({platform.python_implementation()}, {platform.platform()})"),
        *[(name, installed(name)) for name in PARTS],
        ("parser", parser(in_c=http_parser.HttpResponseParser is not http_parser.HttpResponseParserPy)),
    ]
    return "\n".join(aligned(rows))


def installed(package: str) -> str:
    """Return the version of a package; orjson may be left out where it has no wheels."""
    try:
        return version_of(package)
    except PackageNotFoundError:
        return "not installed"


def parser(*, in_c: bool) -> str:
    """Return the HTTP parser of aiohttp that is in use."""
    return "C (aiohttp's extension)" if in_c else "Python (slow: aiohttp's C extension is missing)"
