"""Diagnosis: the table of checks, and the run through it.

Invariant: each check has a deadline, runs when those that it needs have passed, and is not tried when one of them has
not; checks that need nothing of each other run at once.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from attrs import evolve, frozen

from mi_async._core.clock import Clock
from mi_async._core.proxies import ProxyChoice
from mi_async._core.quota_store import QuotaStore
from mi_async._core.retry import RetryPolicy
from mi_async._core.transport import Timeout
from mi_async.credentials import CredentialsProvider
from mi_async.doctor.local_checks import (
    check_certificates,
    check_credentials,
    check_other_keys,
    check_proxy,
    check_settings,
    check_site,
    check_terminal,
    check_versions,
)
from mi_async.doctor.models import CheckResult, CheckStatus, Diagnosis, failed, not_tried
from mi_async.doctor.network_checks import check_clock, check_connection, check_dns
from mi_async.doctor.service_checks import check_signature, check_workspace
from mi_async.doctor.storage_checks import check_bucket, check_list, check_read, check_write
from mi_async.doctor.store_checks import check_journal, check_quota_store
from mi_async.doctor.subject import Subject
from mi_async.errors import MIError
from mi_async.storage.models import Storage
from mi_async.text import escaped

ATTEMPTS = 2
"""Attempts of each call: a clock that is off is corrected after the first."""


@frozen
class Check:
    """One check.

    Attributes:
        name: in results.
        run: does it.
        needs: names of checks that have to pass before; a warning passes.
        after: names of checks that have to end before, however.
        network: True if it sends something.
    """

    name: str
    run: Callable[[Subject], Awaitable[CheckResult]]
    needs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    network: bool = True


CHECKS = (
    Check("versions", check_versions, network=False),
    Check("terminal", check_terminal, network=False),
    Check("credentials", check_credentials, network=False),
    Check("other keys", check_other_keys, after=("credentials",), network=False),
    Check("settings", check_settings, network=False),
    Check("site", check_site, needs=("settings",), after=("credentials",), network=False),
    Check("proxy", check_proxy, needs=("settings",), network=False),
    Check("certificates", check_certificates, needs=("settings",), network=False),
    Check("DNS", check_dns, needs=("proxy",)),
    Check("connection", check_connection, needs=("DNS", "certificates")),
    Check("clock", check_clock, needs=("connection",)),
    Check("signature", check_signature, needs=("credentials", "site", "connection")),
    Check("workspace", check_workspace, needs=("signature",)),
    Check("bucket", check_bucket, needs=("credentials", "site"), after=("workspace",)),
    Check("list", check_list, needs=("bucket",)),
    Check("read", check_read, needs=("bucket",)),
    Check("write", check_write, needs=("bucket",)),
    Check("quota store", check_quota_store, needs=("credentials", "settings")),
    Check("journal", check_journal),
)
"""Every check, in the order in which results are shown. Invariant: each stands below those that it waits for."""


async def diagnose(
    credentials: CredentialsProvider | None = None,
    *,
    profile: str | None = None,
    base_url: str | None = None,
    proxy: ProxyChoice = None,
    ca_file: str | os.PathLike[str] | None = None,
    storage: Storage | None = None,
    quota_store: str | QuotaStore | None = None,
    workspace: str | None = None,
    bucket: str | None = None,
    journal: str | None = None,
    timeout: float = 10.0,  # noqa: ASYNC109  of each check, not of the whole
    network: bool = True,
    environ: Mapping[str, str] | None = None,
    clock: Clock | None = None,
) -> Diagnosis:
    """Check the way from this program to the service: keys, clock, network, permissions.

    The arguments are those of :func:`mi_async.connect`, and some more. Nothing is created at the service. Writing into
    the bucket is tried by the beginning of an upload in parts that is given up at once.

    Args:
        credentials: as for connect().
        profile: as for connect().
        base_url: as for connect(), whose default is taken for None.
        proxy: as for connect().
        ca_file: as for connect().
        storage: as for connect().
        quota_store: as for connect().
        workspace: name of a workspace that should be there.
        bucket: name of a bucket; by default the one that the workspace is linked to.
        journal: path or URL of a journal.
        timeout: seconds that each check may take.
        network: False to check this machine alone.
        environ: the environment that is described; by default that of the process.
        clock: the time.

    Returns:
        A result for each check; it raises nothing for what is wrong.
    """
    given: dict[str, Any] = {
        "credentials": credentials,
        "profile": profile,
        "proxy": proxy,
        "ca_file": ca_file,
        "storage": storage,
        "quota_store": quota_store,
        "timeout": Timeout(connect=timeout, read=timeout, total=timeout),
        "retry": RetryPolicy(max_attempts=ATTEMPTS),
        "clock": Clock() if clock is None else clock,
    }
    if base_url is not None:  # else the default of connect(), which a test with an emulator has changed
        given["base_url"] = base_url
    environ = os.environ if environ is None else environ
    subject = Subject(given, workspace, bucket, journal, environ, timeout, network)
    async with subject.closing:
        return await _run(CHECKS, subject)


async def _run(checks: tuple[Check, ...], subject: Subject) -> Diagnosis:
    running: dict[str, asyncio.Task[CheckResult]] = {}
    async with asyncio.TaskGroup() as group:
        for check in checks:
            running[check.name] = group.create_task(_result(check, dict(running), subject))
    return Diagnosis(tuple(task.result() for task in running.values()))


async def _result(check: Check, others: Mapping[str, asyncio.Task[CheckResult]], subject: Subject) -> CheckResult:
    """Return the result of a check when those that it waits for have ended."""
    before = [await others[name] for name in (*check.needs, *check.after)]
    blocking = next((each for each in before if each.name in check.needs and not _passed(each)), None)
    if check.network and not subject.network:
        found = not_tried("nothing was to be sent")
    elif blocking is not None:
        found = not_tried(f"{blocking.name}: {blocking.status.value}", asked=blocking.asked)
    else:
        found = await _in_time(check, subject)
    return evolve(found, name=check.name)


def _passed(result: CheckResult) -> bool:
    return result.status in {CheckStatus.OK, CheckStatus.WARNING}


async def _in_time(check: Check, subject: Subject) -> CheckResult:
    try:
        async with asyncio.timeout(subject.seconds):
            return await check.run(subject)
    except MIError as error:
        return failed(str(error), "see docs/troubleshooting.md")
    except TimeoutError:  # after ours, some of which are one too
        return failed(f"no end in {subject.seconds:g} s", "check the network; give it longer with --timeout")
    except Exception as error:  # noqa: BLE001  of an object of the program, or a fault of ours: the other checks go on
        said = getattr(error, "strerror", None)  # any other text may hold a secret
        text = f"{type(error).__name__}: {said}" if isinstance(said, str) else type(error).__name__
        return failed(f"the check ended with {escaped(text)}", "correct what the line names, or report it as a bug")
