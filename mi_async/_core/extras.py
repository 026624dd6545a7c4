"""Extras: the libraries that parts of the package need, and the one guard that says what to install.

Invariant: imports none of them; whoever does, calls :func:`require` just before.
"""

from collections.abc import Mapping
from importlib.util import find_spec

from attrs import frozen

from mi_async.errors import ConfigError


@frozen
class Extra:
    """Libraries that are installed together.

    Attributes:
        purpose: what needs them, for the message.
        modules: by the name under which a library is installed, a module of it.
        install: argument of ``pip install``.
    """

    purpose: str
    modules: Mapping[str, str]
    install: str


EXTRAS: Mapping[str, Extra] = {
    "bulk": Extra("a journal", {"sqlalchemy": "sqlalchemy", "filelock": "filelock"}, "'mi-async[bulk]'"),
    "cli": Extra("mi-async", {"cyclopts": "cyclopts", "rich": "rich"}, "'mi-async[cli]'"),
    "dask": Extra("starting members on Dask", {"distributed": "distributed"}, "'mi-async[dask]'"),
    "emulator": Extra(
        "--with-storage", {"moto": "moto", "flask": "flask", "flask-cors": "flask_cors"}, "'mi-async[emulator]'"
    ),
    "images": Extra("making images fit", {"Pillow": "PIL", "pillow-heif": "pillow_heif"}, "'mi-async[images]'"),
    "mcp": Extra("mi-async mcp", {"mcp": "mcp"}, "'mi-async[mcp]'"),
    "otel": Extra("OpenTelemetryHooks", {"opentelemetry-api": "opentelemetry.trace"}, "'mi-async[otel]'"),
    "pandas": Extra("a data frame", {"pandas": "pandas"}, "pandas"),
    "parquet": Extra("reading Parquet", {"pyarrow": "pyarrow.parquet"}, "'mi-async[parquet]'"),
    "postgres": Extra(
        "a journal in PostgreSQL", {"psycopg": "psycopg", "sqlalchemy": "sqlalchemy"}, "'mi-async[postgres]'"
    ),
    "redis": Extra("a quota store", {"redis": "redis.asyncio"}, "'mi-async[redis]'"),
    "storage": Extra("Object Storage", {"aiobotocore": "aiobotocore"}, "'mi-async[storage]'"),
}
"""Every extra by its name in pyproject.toml, and pandas, which is none of ours."""


def require(name: str) -> None:
    """Refuse to go on without the libraries of an extra; call it before they are imported.

    Raises:
        ConfigError: one of them is not installed.
    """
    if missing := missing_of(name):
        extra = EXTRAS[name]
        message = f"{extra.purpose} needs {' and '.join(missing)}: pip install {extra.install}"
        raise ConfigError(message)


def missing_of(name: str) -> list[str]:
    """Return the libraries of an extra that are not installed."""
    return [library for library, module in EXTRAS[name].modules.items() if _is_missing(module)]


def _is_missing(module: str) -> bool:
    """Return True if a module is not installed; one that cannot be looked for now is not missing."""
    try:
        return find_spec(module) is None
    except ModuleNotFoundError:  # the package that it is in
        return True
    except (OSError, ImportError, ValueError):  # out of file descriptors, broken, or made by hand: the import says so
        return False
