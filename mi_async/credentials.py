"""Where keys come from: given, the environment, a profile file, or any object that can fetch them.

Law: reads the environment and the profile file, and nothing else; a secret is in no repr, pickle or message.
"""

import configparser
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, Self, runtime_checkable

from attrs import field, frozen

from mi_async.errors import CredentialsError

ACCESS_KEY_NAMES = ("NCLOUD_ACCESS_KEY_ID", "NCLOUD_ACCESS_KEY")
SECRET_KEY_NAMES = ("NCLOUD_SECRET_ACCESS_KEY", "NCLOUD_SECRET_KEY")
PROFILE_FILE = Path("~/.ncloud/configure")
DEFAULT_PROFILE = "DEFAULT"


def _filled(_instance: object, attribute: object, value: str) -> None:
    name = getattr(attribute, "name", "key")
    if not value or not value.isascii() or value != value.strip() or any(c.isspace() for c in value):
        message = f"{name} must be a non-empty ASCII string without white space"
        raise CredentialsError(message)


@frozen
class Credentials:
    """An access key and its secret key.

    Args:
        access_key: main account, sub account or STS access key.
        secret_key: the secret key; shown in no repr and refused by pickle.
        expires_at: seconds since the epoch after which an STS key is void; None for a lasting key.
    """

    access_key: str = field(validator=_filled)
    secret_key: str = field(validator=_filled, repr=False)
    expires_at: float | None = None

    def __getstate__(self) -> object:
        """Refuse to be pickled: a secret must not end up in a queue or a file by accident."""
        message = "credentials are not pickled: read them again where they are needed"
        raise CredentialsError(message)

    async def credentials(self) -> Self:
        """Be a provider: fixed keys provide themselves."""
        return self

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read ``NCLOUD_ACCESS_KEY_ID`` and ``NCLOUD_SECRET_ACCESS_KEY``, or the names that Terraform uses.

        Those are ``NCLOUD_ACCESS_KEY`` and ``NCLOUD_SECRET_KEY``.

        Raises:
            CredentialsError: neither pair is complete.
        """
        environ = os.environ if environ is None else environ
        for access_name, secret_name in zip(ACCESS_KEY_NAMES, SECRET_KEY_NAMES, strict=True):
            access_key, secret_key = environ.get(access_name), environ.get(secret_name)
            if access_key and secret_key:
                return cls(access_key.strip(), secret_key.strip())
            if access_key or secret_key:
                present, absent = (access_name, secret_name) if access_key else (secret_name, access_name)
                message = f"{present} is set but {absent} is not"
                raise CredentialsError(message)
        pairs = [f"{first} with {second}" for first, second in zip(ACCESS_KEY_NAMES, SECRET_KEY_NAMES, strict=True)]
        message = f"the environment has neither {' nor '.join(pairs)}"
        raise CredentialsError(message)

    @classmethod
    def from_profile(cls, profile: str = DEFAULT_PROFILE, *, path: Path | str = PROFILE_FILE) -> Self:
        """Read a profile of ``~/.ncloud/configure``, the file of the vendor's command line.

        A profile is a section with ``ncloud_access_key_id`` and ``ncloud_secret_access_key``.

        Raises:
            CredentialsError: the file, the section or a key is missing.
        """
        file = Path(path).expanduser()
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            message = f"{file}: {error.strerror if isinstance(error, OSError) else 'not UTF-8 text'}"
            raise CredentialsError(message) from None
        parser = configparser.ConfigParser(interpolation=None, default_section="")
        try:
            # Files of the vendor's older tool have no section header.
            headed = any(line.lstrip().startswith("[") for line in text.splitlines())
            parser.read_string(text if headed else f"[{DEFAULT_PROFILE}]\n{text}")
        except configparser.Error as error:  # its text quotes lines of the file, secrets among them
            message = f"{file} is not an INI file ({type(error).__name__})"
            raise CredentialsError(message) from None
        names = {name.lower(): name for name in parser.sections()}
        if profile.lower() not in names:
            present = ", ".join(f"[{name}]" for name in parser.sections()) or "none"
            message = f"{file} has no profile [{profile}]; it has {present}"
            raise CredentialsError(message)
        section = parser[names[profile.lower()]]
        missing = [name for name in ("ncloud_access_key_id", "ncloud_secret_access_key") if not section.get(name)]
        if missing:
            message = f"{file} profile [{profile}] lacks {' and '.join(missing)}"
            raise CredentialsError(message)
        return cls(section["ncloud_access_key_id"], section["ncloud_secret_access_key"])


@runtime_checkable
class CredentialsProvider(Protocol):
    """Anything that can come up with keys: an STS client, a vault, :class:`Credentials` itself."""

    async def credentials(self) -> Credentials:
        """Fetch keys; called again some time before ``expires_at``."""
        ...


def find_credentials(profile: str | None = None) -> Credentials:
    """Look in the environment, then in ``~/.ncloud/configure``; a named profile is looked up there alone.

    Raises:
        CredentialsError: with each place that was looked at and what was wrong there.
    """
    if profile is not None:
        return Credentials.from_profile(profile)
    looked: list[str] = []
    for look in (Credentials.from_env, Credentials.from_profile):
        try:
            return look()
        except CredentialsError as error:
            looked.append(str(error))
    message = "no credentials found; looked at: " + "; ".join(looked)
    raise CredentialsError(message)
