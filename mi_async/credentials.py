"""Sources of keys: given, the environment, a profile file, or any object that can fetch them.

Invariant: reads the environment and the profile file, and nothing else; a secret is in no repr, pickle or message.
"""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar, runtime_checkable

from attrs import Factory, field, frozen

from mi_async._core.files import open_regular_file
from mi_async._core.key_forms import masked
from mi_async.errors import CredentialsError

if TYPE_CHECKING:
    from configparser import ConfigParser, SectionProxy

ACCESS_KEY_NAMES = ("NCLOUD_ACCESS_KEY_ID", "NCLOUD_ACCESS_KEY")
SECRET_KEY_NAMES = ("NCLOUD_SECRET_ACCESS_KEY", "NCLOUD_SECRET_KEY")
PROFILE_KEYS = ("ncloud_access_key_id", "ncloud_secret_access_key")
GATEWAY_KEY = "ncloud_api_url"
PROFILE_FILE = Path("~/.ncloud/configure")
BLOCK = 64
"""Bytes of a block of SHA-256."""
DEFAULT_PROFILE = "DEFAULT"
C = TypeVar("C", bound="Credentials")


def _filled(_instance: object, attribute: object, value: str) -> None:
    printable = isinstance(value, str) and value.isascii() and value.isprintable()
    if not value or not printable or " " in value:
        name = getattr(attribute, "name", "key")
        message = f"{name} must be a non-empty string of printable ASCII characters without white space"
        raise CredentialsError(message)


def _keyed(secret_key: object) -> "tuple[Any, Any]":
    """Return the inner and the outer hash of HMAC (RFC 2104) that have taken in the key: half of the work is done.

    A copy of both signs in 1.2 us; one of ``hmac.new()`` takes 3.0, as much as two headers of a request.
    """
    # runs before the validators, which refuse whatever is no key
    key = str(secret_key).encode(errors="replace")
    block = (hashlib.sha256(key).digest() if len(key) > BLOCK else key).ljust(BLOCK, b"\0")
    return hashlib.sha256(bytes(byte ^ 0x36 for byte in block)), hashlib.sha256(bytes(byte ^ 0x5C for byte in block))


@frozen
class Credentials:
    """An access key and its secret key.

    Args:
        access_key: main account, sub account or STS access key; its last 4 characters are shown.
        secret_key: the secret key; shown in no repr and refused by pickle.
        expires_at: seconds since the epoch after which an STS key is void; None for a lasting key.
        source: the place they were read from, for messages; '' for keys that the program itself gave.
    """

    access_key: str = field(validator=_filled, repr=lambda key: repr(masked(key)))
    secret_key: str = field(validator=_filled, repr=False)
    expires_at: float | None = None
    source: str = field(default="", eq=False, repr=False, kw_only=True)
    _mac: "tuple[Any, Any]" = field(
        init=False,
        repr=False,
        eq=False,
        default=Factory(lambda self: _keyed(self.secret_key), takes_self=True),
    )

    def authenticate(self, message: bytes) -> bytes:
        """HMAC-SHA256 of a message under the secret key, 32 bytes."""
        inner, outer = self._mac
        inner, outer = inner.copy(), outer.copy()
        inner.update(message)
        outer.update(inner.digest())
        digest: bytes = outer.digest()
        return digest

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
            access_key, secret_key = environ.get(access_name, "").strip(), environ.get(secret_name, "").strip()
            if access_key and secret_key:
                return _from(f"{access_name} and {secret_name}", cls, access_key, secret_key)
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
        section = _section(profile, path)
        missing = [key for key in PROFILE_KEYS if not section.get(key)]
        if missing:
            message = f"{path} profile [{profile}] lacks {' and '.join(missing)}"
            raise CredentialsError(message)
        access_key, secret_key = (section[key] for key in PROFILE_KEYS)
        return _from(f"profile {profile} of {path}", cls, access_key, secret_key)


def _from(source: str, make: type[C], access_key: str, secret_key: str) -> C:
    """Make credentials of what a place holds; a key that cannot be one is refused with the name of the place."""
    try:
        return make(access_key, secret_key, source=source)
    except CredentialsError as error:
        message = f"{source}: {error}"
        raise CredentialsError(message) from None


def profile_gateway(profile: str | None = None, *, path: Path | str = PROFILE_FILE) -> str:
    """Return the URL of the API gateway that a profile names for the vendor's command line, '' for none."""
    try:
        return _section(profile or DEFAULT_PROFILE, path).get(GATEWAY_KEY, "")
    except CredentialsError:
        return ""


def _section(profile: str, path: Path | str) -> "SectionProxy":
    profiles = _profiles(Path(path), profile)
    names = {name.lower(): name for name in profiles.sections()} | {name: name for name in profiles.sections()}
    name = names.get(profile) or names.get(profile.lower())
    if name is None:
        present = ", ".join(f"[{name}]" for name in profiles.sections()) or "none"
        message = f"{path} has no profile [{profile}]; it has {present}"
        raise CredentialsError(message)
    return profiles[name]


def _profiles(file: Path, wanted: str) -> "ConfigParser":
    import configparser  # noqa: PLC0415  where keys are given, or in the environment, no file is read

    parser = configparser.ConfigParser(interpolation=None, default_section="")
    try:
        with open_regular_file(file.expanduser()) as opened:  # a pipe in its place would be waited for without end
            text = opened.read().decode("utf-8-sig")
        lines = (line.lstrip() for line in text.splitlines())
        first = next((line for line in lines if line and line[0] not in "#;"), "")
        # Files of the vendor's older tool have no section header.
        parser.read_string(text if first.startswith("[") else f"[{DEFAULT_PROFILE}]\n{text}")
    except (OSError, RuntimeError) as error:  # the latter where there is no home directory
        problem = getattr(error, "strerror", None) or str(error)
    except UnicodeDecodeError:
        problem = "not UTF-8 text"
    except configparser.Error as error:
        problem = f"not an INI file ({type(error).__name__})"
    else:
        return parser
    # Raised out here, for the error caught above quotes the file, secrets included, and would be its context.
    message = f"profile [{wanted}] of {file}: {problem}"
    raise CredentialsError(message)


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
