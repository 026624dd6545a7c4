"""What is running: versions, and whether aiohttp has its C parser, without which a call costs 2.4 times the CPU.

Law: reads, and changes nothing.
"""

import platform
from importlib.metadata import version

from aiohttp import http_parser

from mi_async.version import VERSION

PARTS = ("aiohttp", "aiolimiter", "attrs", "cattrs", "orjson", "tenacity", "yarl", "cyclopts", "rich")


def versions(*, full: bool) -> str:
    """The version; in full with those of what the package stands on."""
    if not full:
        return f"mi-async {VERSION}"
    rows = [
        ("mi-async", VERSION),
        ("Python", f"{platform.python_version()} ({platform.python_implementation()}, {platform.platform()})"),
        *[(name, version(name)) for name in PARTS],
        ("parser", parser()),
    ]
    return "\n".join(f"{name:<10}  {text}" for name, text in rows)


def parser() -> str:
    """Which of aiohttp's two HTTP parsers is in use."""
    in_c = http_parser.HttpResponseParser is not http_parser.HttpResponseParserPy
    return "C (aiohttp's extension)" if in_c else "Python (slow: aiohttp's C extension is missing)"
