"""``config``: the settings of the command line, each with the place where it comes from.

Invariant: shows no secret; changes nothing.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress

from cyclopts import App

from mi_async._core.url_secrets import masked_url
from mi_async.cli.configuration import (
    BASE,
    FILE_OPTION,
    FILE_VARIABLE,
    SETTINGS,
    ConfigFile,
    config_path,
    read_config_file,
    read_values,
)
from mi_async.cli.connection import DEFAULT_ACCOUNT, ConfigPath
from mi_async.cli.output import Output, show
from mi_async.cli.streams import stdout
from mi_async.credentials import find_credentials
from mi_async.errors import CredentialsError


def show_config(*, config: ConfigPath = None, output: Output = "table") -> None:
    """Show each setting, its value, and where that comes from: the environment, the file, or the default.

    An option of a command comes before all of them. Keys and passwords are not shown.
    """
    file = read_config_file(config, os.environ)
    by_variable = config == os.environ.get(FILE_VARIABLE)
    show(list(_rows(file, FILE_VARIABLE if config and by_variable else FILE_OPTION if config else "")), output)


def print_path(*, config: ConfigPath = None) -> None:
    """Print the path of the file, whether or not it exists and can be read."""
    stdout().write(f"{config_path(config, os.environ)}\n")


def config_app(name: str) -> App:
    """Return the commands about settings under this name."""
    app = App(name=name, help_epilogue="")
    app.command(show_config, name="show")
    app.command(print_path, name="path")
    return app


def _rows(file: ConfigFile, named_by: str) -> Iterator[dict[str, str | None]]:
    environ = os.environ
    place = named_by or "default"
    yield {"setting": "config", "value": str(file.path), "source": place if file.there else f"{place}; no such file"}
    values = read_values(file, environ.get(BASE.variable) or None, environ)
    profile = None
    for setting in SETTINGS:
        value, source = _found(setting.name, setting.variable, values, environ, str(file.path))
        profile = value if setting.name == "profile" else profile
        if source == "default" and setting.name in file.values:
            source = f"default; that of {file.path} is not for this service"
        if value and setting.is_url:
            value = masked_url(value).partition("?")[0]  # a quota store may have a password in its query, too
        yield {"setting": setting.name, "value": value, "source": source}
    yield {"setting": "keys", **_keys(profile)}


def _found(
    name: str, variable: str, values: Mapping[str, str], environ: Mapping[str, str], path: str
) -> tuple[str | None, str]:
    if environ.get(variable):
        return environ[variable], variable
    if name in values:
        return values[name], path
    default = getattr(DEFAULT_ACCOUNT, name, None)
    return None if default is None else str(default), "default"


def _keys(profile: str | None) -> dict[str, str | None]:
    with suppress(CredentialsError):
        return {"value": "found", "source": find_credentials(profile).source}
    return {"value": None, "source": "not found: mi-async doctor says where they are looked for"}
