"""Settings of the command line in one table, and the file that may hold them.

Invariant: an option comes before the environment, the environment before the file, the file before the default. The
file is one that the user has written or named: none is looked for in the current directory, which may be somebody
else's, and whose base URL would get signed requests. Imports no HTTP.
"""

import os
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias, cast

from attrs import field, frozen
from cyclopts import App, ArgumentCollection, Token

from mi_async.cli.suggestion import suggestion
from mi_async.errors import ConfigError
from mi_async.text import escaped

FILE_VARIABLE = "MI_ASYNC_CONFIG"
FILE_OPTION = "--config"
SECRET = re.compile("secret|password|passwd|token|access_?key|api_?key|credential", re.IGNORECASE)
"""Names under which somebody would write a secret."""

FileValues: TypeAlias = Mapping[str, str]


@frozen
class CommandSetting:
    """A setting of the command line; an option that reads its variable is the one that it is for.

    Attributes:
        name: in the file; in capitals after ``MI_ASYNC_`` the variable of the environment.
        kind: of its value in the file.
        is_url: a URL, which may have a password in it, and in the file may not.
        of_service: about the service that the file names, and not read for another one.
        after: variables of the environment, of other programs too, that come before the file.
    """

    name: str
    kind: type | tuple[type, ...] = str
    is_url: bool = False
    of_service: bool = False
    after: tuple[str, ...] = ()

    @property
    def variable(self) -> str:
        """Its variable of the environment."""
        return f"MI_ASYNC_{self.name.upper()}"

    @property
    def option(self) -> str:
        """Its option."""
        return f"--{self.name.replace('_', '-')}"


BASE = CommandSetting("base_url", is_url=True)
SETTINGS = (
    CommandSetting("workspace"),
    BASE,
    CommandSetting("profile", of_service=True, after=("NCLOUD_ACCESS_KEY_ID", "NCLOUD_ACCESS_KEY")),
    CommandSetting("storage_url", is_url=True, of_service=True),
    CommandSetting("quota_store", is_url=True, of_service=True),
    CommandSetting("proxy", is_url=True, of_service=True),
    CommandSetting("ca_file", of_service=True),
    CommandSetting("timeout", (int, float)),
    CommandSetting("output"),
    CommandSetting("lang"),
)
"""Every setting that the environment and the file may hold."""


@frozen
class ConfigFile:
    """The file with its settings.

    Attributes:
        path: of the file.
        there: True if it exists.
        values: text of each setting.
    """

    path: Path
    there: bool = False
    values: FileValues = field(factory=dict)


def default_path(environ: Mapping[str, str], platform: str = sys.platform) -> Path:
    """Return the path of the file where none is named: that of XDG, on Windows that of APPDATA."""
    root = Path(environ.get("XDG_CONFIG_HOME") or (environ.get("APPDATA", "") if platform == "win32" else ""))
    if not root.is_absolute():
        try:
            root = Path("~/.config").expanduser()
        except RuntimeError:  # a user without a home: no file, and above all none of the current directory
            return Path(os.devnull)
    return root / "mi-async" / "config.toml"


def config_path(named: str | None, environ: Mapping[str, str]) -> Path:
    """Return the path of the file that an option or the environment names, else that of the user's."""
    named = named or environ.get(FILE_VARIABLE) or None
    # not expanduser() of pathlib, which fails where there is no such user
    return default_path(environ) if named is None else Path(os.path.expanduser(named))  # noqa: PTH111


def read_config_file(named: str | None, environ: Mapping[str, str]) -> ConfigFile:
    """Read the file that an option or the environment names, or the user's, if there is one.

    Raises:
        ConfigError: the named one cannot be read, or the file holds what is no setting, or a secret.
    """
    path, is_named = config_path(named, environ), bool(named or environ.get(FILE_VARIABLE))
    try:
        content = path.read_text(encoding="utf-8-sig")
    except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
        if not is_named:
            return ConfigFile(path)
        message = f"{FILE_OPTION} / {FILE_VARIABLE}: {escaped(str(path))}: {error.strerror}"
        raise ConfigError(message) from None
    except (OSError, UnicodeDecodeError) as error:
        message = f"{escaped(str(path))} cannot be read: {getattr(error, 'strerror', None) or 'it is not UTF-8 text'}"
        raise ConfigError(message) from None
    return ConfigFile(path, there=True, values=parsed_settings(content, path))


def parsed_settings(content: str, path: Path) -> FileValues:
    """Return the settings in the text of a file.

    Raises:
        ConfigError: what is no TOML, no setting, or a secret.
    """
    import tomllib  # noqa: PLC0415  only where there is a file

    where = escaped(str(path))
    try:
        given = tomllib.loads(content)
    except tomllib.TOMLDecodeError as error:
        message = f"{where} is not TOML: {escaped(str(error))}"  # a place, and not the line
        raise ConfigError(message) from None
    known = {setting.name: setting for setting in SETTINGS}
    for name, value in given.items():
        _check(name, value, known, where)
    return {name: str(value) for name, value in given.items()}


def _check(name: str, value: object, known: Mapping[str, CommandSetting], where: str) -> None:
    """Refuse a member of the file that is no setting, or that has no place in a file."""
    if name not in known:
        if SECRET.search(name):
            message = (
                f"{where}: {escaped(name)} has no place in this file; keys are read from NCLOUD_ACCESS_KEY_ID with "
                "NCLOUD_SECRET_ACCESS_KEY, or from a profile of ~/.ncloud/configure, which profile = names"
            )
            raise ConfigError(message)
        meant = suggestion(name.lower().replace("-", "_"), list(known)) or ";"
        message = f"{where}: unknown setting {escaped(name)}{meant} settings are {', '.join(known)}"
        raise ConfigError(message)
    setting = known[name]
    if not isinstance(value, setting.kind) or isinstance(value, bool):
        wanted = "a text in quotation marks" if setting.kind is str else "a number"
        message = f"{where}: {name} must be {wanted}, got {escaped(str(value), 50)}"
        raise ConfigError(message)
    if setting.is_url:
        from mi_async._core.url_secrets import check_no_secret  # noqa: PLC0415  only where there is a file

        url = str(value)
        try:
            check_no_secret(name, url if "://" in url else f"//{url}")
        except ConfigError:
            message = (
                f"{where}: the URL of {name} holds a password, which has no place in this file; write the name of a "
                f"variable in its place, ${{NAME}}, or set {setting.variable}"
            )
            raise ConfigError(message) from None


def read_values(file: ConfigFile, base_url: str | None, environ: Mapping[str, str]) -> FileValues:
    """Return the settings of a file that are to be used.

    Args:
        file: the file.
        base_url: that an option or the environment names; what the file says about a service is about its own.
        environ: the environment.
    """
    from mi_async.settings import BASE_URL  # noqa: PLC0415  brings HTTP, and whoever gets here needs it

    its = file.values.get(BASE.name, BASE_URL)
    another = base_url is not None and base_url.rstrip("/") != its.rstrip("/")
    return {
        setting.name: file.values[setting.name]
        for setting in SETTINGS
        if setting.name in file.values
        and not (setting.of_service and another)
        and not any(environ.get(variable) for variable in setting.after)
    }


def fill(_app: App, _commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
    """Give options that were not given what the file says; a variable that is empty is none.

    Raises:
        ConfigError: as for :func:`read_config_file`.
    """
    options = {setting: argument for setting in SETTINGS if (argument := _argument(arguments, setting.variable))}
    if not options:
        return
    for argument in options.values():
        argument.tokens[:] = [token for token in argument.tokens if token.value or token.source != "env"]
    file = read_config_file(_given(_argument(arguments, FILE_VARIABLE)), os.environ)
    values = read_values(file, _given(options.get(BASE)), os.environ)
    for setting, argument in options.items():
        if setting.name in values and not argument.tokens:
            argument.tokens.append(
                Token(keyword=setting.name, value=values[setting.name], source=escaped(str(file.path)))
            )


def _given(argument: Any) -> str | None:
    """Return the text that was given for an argument, None for one that was not given or that is no argument here."""
    return argument.tokens[0].value if argument is not None and argument.tokens else None


def _argument(arguments: Iterable[Any], variable: str) -> Any:
    return next((each for each in arguments if variable in cast("tuple[str, ...]", each.parameter.env_var)), None)
