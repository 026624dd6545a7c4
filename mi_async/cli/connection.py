"""Connection options that all commands share, and the session that they make.

Invariant: the only reader of the MI_ASYNC_ variables of connections, the proxies of the environment and the vendor's
own variables; keys come from where the session looks for them.
"""

import logging
import os
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, TypeAlias

from attrs import field, frozen
from cyclopts import Group, Parameter
from yarl import URL

from mi_async._core.hooks import Attempt, Hooks, Outcome
from mi_async._core.network_errors import is_local_shortage
from mi_async._core.proxies import environment_proxies, is_this_machine
from mi_async._core.transport import Timeout
from mi_async._core.url_secrets import filled
from mi_async.cli.configuration import FILE_OPTION, FILE_VARIABLE
from mi_async.cli.output import Output
from mi_async.cli.vendor_environment import named_storage, refuse_other_site
from mi_async.cli.verbosity import Verbosity, log_to_stderr
from mi_async.errors import ConnectError, MIError, NotFoundError
from mi_async.settings import BASE_URL
from mi_async.storage.models import STORAGE_URL, Storage
from mi_async.text import one_line

if TYPE_CHECKING:
    from mi_async.session import Session

_log = logging.getLogger(__name__)

WORTH_SAYING = 0.05
"""Seconds: a longer wait for quota is logged with its request."""

NO_WORKSPACE = "10030"
"""The service's code for a workspace that does not exist. Source: common response codes."""
NAMED = 10
"""Workspaces that a hint names."""
SERVICE = Group(
    "Service",
    help="Most of these may be set in a file, or by variables such as MI_ASYNC_WORKSPACE: mi-async config show.",
    sort_key=9,
    default_parameter=Parameter(show_env_var=False),
)

ConfigPath: TypeAlias = Annotated[
    str | None,
    Parameter(
        name=FILE_OPTION,
        env_var=FILE_VARIABLE,
        help="File with settings (TOML); by default ~/.config/mi-async/config.toml, if it is there.",
    ),
]
"""The option that names the file with settings."""


@Parameter(name="*", group=SERVICE)
@frozen(kw_only=True)
class Account:
    """Options of a command that reaches the account."""

    base_url: Annotated[str, Parameter(env_var="MI_ASYNC_BASE_URL", help="URL of the service, or of an emulator.")] = (
        BASE_URL
    )
    profile: Annotated[
        str | None,
        Parameter(env_var="MI_ASYNC_PROFILE", help="Take the keys from this profile of ~/.ncloud/configure."),
    ] = None
    quota_store: Annotated[
        str | None,
        Parameter(
            env_var="MI_ASYNC_QUOTA_STORE",
            help="Redis or Valkey that keeps one quota for all processes of the account: redis://host:6379/0.",
        ),
    ] = field(default=None, repr=False)  # may hold a password
    timeout: Annotated[
        float | None,
        Parameter(env_var="MI_ASYNC_TIMEOUT", help="Seconds for each call, including waits and retries."),
    ] = None
    validate: Annotated[
        bool,
        Parameter(
            negative="--no-validate",
            help="Reject what breaks a documented limit before any request; --no-validate sends it, except images.",
        ),
    ] = True
    proxy: Annotated[
        str | None,
        Parameter(
            env_var="MI_ASYNC_PROXY",
            help="HTTP proxy, instead of HTTPS_PROXY, HTTP_PROXY and NO_PROXY: http://[user:password@]host:port.",
        ),
    ] = field(default=None, repr=False)  # may hold a password
    ca_file: Annotated[
        str | None,
        Parameter(
            env_var="MI_ASYNC_CA_FILE",
            help="Certificates (PEM) to trust, instead of those of SSL_CERT_FILE or the system.",
        ),
    ] = None
    output: Output = "json"
    config: ConfigPath = None
    quiet: Annotated[
        bool,
        Parameter(alias="-q", negative=(), show_default=False, help="Print results and errors: no progress, no hints."),
    ] = False
    verbose: Verbosity = 0

    @asynccontextmanager
    async def session(self, *, storage: Storage | None = None) -> AsyncGenerator["Session"]:
        """Set up logging and open a session."""
        from mi_async.session_opening import connect  # noqa: PLC0415  the help of a command needs none

        log_to_stderr(self.verbose)
        refuse_other_site(self.base_url, os.environ)
        try:
            async with connect(
                base_url=self.base_url,
                profile=self.profile,
                quota_store=None if self.quota_store is None else filled(self.quota_store),
                timeout=None if self.timeout is None else Timeout(total=self.timeout),
                proxy=environment_proxies(os.environ) if self.proxy is None else filled(self.proxy),
                ca_file=self.ca_file,
                hooks=Hooks(after=[_log_attempt]) if self.verbose else None,
                storage=storage,
                validate=self.validate,
            ) as session:
                try:
                    yield session
                except MIError as error:
                    if not self.quiet and _names_no_workspace(error):
                        error.add_note(await _workspaces_there(session))
                    raise
        except MIError as error:
            self._advise(error, storage)
            raise

    def _advise(self, error: MIError, storage: Storage | None) -> None:
        """Add the settings to check to an error."""
        # Behind a proxy nothing is known of what answers there; that of the environment is not for this machine.
        places = [(self.base_url, "--base-url / MI_ASYNC_BASE_URL")] if self.proxy is None else []
        if storage is not None and self.proxy is None:
            places.append((storage.url, "--storage-url / MI_ASYNC_STORAGE_URL"))
        for setting in _silent(places, error):
            error.add_note(f"is it running? see {setting}")


DEFAULT_ACCOUNT = Account()


def _not_blank(_type: object, value: str) -> None:
    if not value.strip():  # an empty variable of the environment
        message = "the name of the workspace is empty; mi-async workspaces list shows the names"
        raise ValueError(message)


@Parameter(name="*", group=SERVICE)
@frozen(kw_only=True)
class InWorkspace(Account):
    """Options of a command that reaches a workspace."""

    workspace: Annotated[
        str,
        Parameter(alias="-w", env_var="MI_ASYNC_WORKSPACE", help="Name of the workspace.", validator=_not_blank),
    ]


@Parameter(name="*", group=SERVICE)
@frozen(kw_only=True)
class InStorage(InWorkspace):
    """Options of a command that reaches a workspace and Object Storage."""

    storage_url: Annotated[
        str | None,
        Parameter(
            env_var="MI_ASYNC_STORAGE_URL",
            help="URL of Object Storage; by default that of NCLOUD_OBS_ENDPOINT or NCLOUD_REGION, else "
            f"{STORAGE_URL}, if the base URL is the service's.",
        ),
    ] = None

    @property
    def storage(self) -> Storage | None:
        """Object Storage, where an option or the environment names it."""
        named = named_storage(self.storage_url, self.base_url, os.environ)
        return None if named is None else named.storage


def _names_no_workspace(error: MIError) -> bool:
    causes = (error, error.__cause__)
    return any(isinstance(each, NotFoundError) and each.code == NO_WORKSPACE for each in causes)


async def _workspaces_there(session: "Session") -> str:
    """Return which workspaces there are, for somebody who named none of them."""
    try:
        page = await session.workspaces.list()
    except MIError:
        return "to list the workspaces: mi-async workspaces list"
    names = [one_line(each.workspace_name) for each in page][:NAMED]
    more = page.total_count - len(names)
    if not names:
        return "the account has no workspace; to create one: mi-async workspaces create NAME --bucket-name BUCKET"
    return f"workspaces are: {', '.join(names)}" + (f" and {more:,} more: mi-async workspaces list" if more > 0 else "")


def _silent(places: Iterable[tuple[str, str]], error: MIError) -> Iterator[str]:
    """Yield the settings of those places on this machine where nobody has answered."""
    failures = [each for each in (error, error.__cause__) if isinstance(each, ConnectError)]
    # An untrusted certificate is somebody who answered; out of descriptors nobody was asked.
    said = [str(each) for each in failures if not each.permanent and not is_local_shortage(each)]
    for url, setting in places:
        host, port = URL(url).host or "", URL(url).port
        if is_this_machine(host) and any(f"{host}:{port}" in each for each in said):
            yield setting


async def _log_attempt(attempt: Attempt, outcome: Outcome) -> None:
    """Log one line for a request; of its target only the path, since a query may hold names of people."""
    request, response, error = attempt.request, outcome.response, outcome.error
    ended = f"HTTP {response.status}" if response is not None else type(error).__name__
    path, milliseconds = request.target.partition("?")[0], outcome.seconds * 1000
    waited = f", waited {attempt.waited:.2f} s for quota" if attempt.waited >= WORTH_SAYING else ""
    _log.info("%s %s: %s in %.0f ms, attempt %d%s", request.method, path, ended, milliseconds, attempt.number, waited)
