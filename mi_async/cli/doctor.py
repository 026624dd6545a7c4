"""``doctor``: the checks of the way to the service, a line for each.

Invariant: decides nothing but how results are shown; the exit code is 1 if a check failed.
"""

import os
from collections.abc import Mapping
from typing import Annotated, Any

from attrs import evolve, frozen
from cyclopts import Parameter
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mi_async._core.proxies import environment_proxies
from mi_async._core.url_secrets import filled
from mi_async.cli import event_loop
from mi_async.cli.connection import SERVICE, Account
from mi_async.cli.exit_codes import FailedChecksError
from mi_async.cli.failure_messages import in_options
from mi_async.cli.output import Output, show
from mi_async.cli.streams import console, stdout
from mi_async.cli.vendor_environment import named_storage
from mi_async.cli.verbosity import log_to_stderr
from mi_async.doctor import CheckResult, CheckStatus, Diagnosis, diagnose
from mi_async.text import one_line

STYLES: Mapping[CheckStatus, str] = {
    CheckStatus.OK: "green",
    CheckStatus.WARNING: "yellow",
    CheckStatus.FAILED: "bold red",
    CheckStatus.NOT_TRIED: "dim",
}
NAMED_BY: Mapping[str, str] = {"bucket": "--bucket", "quota store": "--quota-store", "journal": "--journal"}
"""Options that name what a check is about."""
SECONDS = 10.0
"""Deadline of a check where no --timeout is given."""


@Parameter(name="*", group=SERVICE)
@frozen(kw_only=True)
class Examined(Account):
    """Options of ``doctor``: those of every command, none of them required."""

    workspace: Annotated[
        str | None,
        Parameter(alias="-w", env_var="MI_ASYNC_WORKSPACE", help="Name of a workspace that should be there."),
    ] = None
    storage_url: Annotated[
        str | None, Parameter(env_var="MI_ASYNC_STORAGE_URL", help="URL of Object Storage, as for ingest.")
    ] = None
    timeout: Annotated[
        float | None, Parameter(env_var="MI_ASYNC_TIMEOUT", help="Seconds for each check; 10 by default.")
    ] = None
    output: Output = "table"


DEFAULTS = Examined()


def doctor(
    *,
    bucket: str | None = None,
    journal: str | None = None,
    network: Annotated[bool, Parameter(negative="--no-network")] = True,
    service: Examined = DEFAULTS,
) -> None:
    """Check keys, clock, network, certificates, workspace and bucket, and say what to do; nothing is created.

    Args:
        bucket: Bucket to check; by default the one that the workspace is linked to.
        journal: Journal of a bulk run to check: a file or the URL of a database.
        network: Also check what is beyond this machine.
    """
    log_to_stderr(service.verbose)
    event_loop.run(_doctor(_arguments(service) | {"bucket": bucket, "journal": journal, "network": network}, service))


def _arguments(service: Examined) -> dict[str, Any]:
    storage = named_storage(service.storage_url, service.base_url, os.environ)
    return {
        "profile": service.profile,
        "base_url": service.base_url,
        "proxy": environment_proxies(os.environ) if service.proxy is None else filled(service.proxy),
        "ca_file": service.ca_file,
        "storage": None if storage is None else storage.storage,
        "quota_store": None if service.quota_store is None else filled(service.quota_store),
        "workspace": service.workspace or None,
        "timeout": SECONDS if service.timeout is None else service.timeout,
    }


async def _doctor(arguments: Mapping[str, Any], service: Examined) -> None:
    diagnosis = await diagnose(**arguments)
    diagnosis = Diagnosis(
        tuple(evolve(each, text=in_options(each.text), remedy=in_options(each.remedy)) for each in diagnosis.results)
    )
    out = stdout()
    if service.output != "table":
        plain = diagnosis.as_dict()
        show(plain if service.output == "json" else plain["checks"], service.output)
    else:
        shown = with_unasked(diagnosis)
        if out.isatty():
            draw(console(out, highlight=False), shown)
        else:
            out.write(f"{shown}\n")
        out.write(verdict(diagnosis))
    if names := [each.name for each in diagnosis.results if each.status is CheckStatus.FAILED]:
        message = f"{len(names)} of {len(diagnosis.results)} checks failed: {', '.join(names)}"
        raise FailedChecksError(message)


def with_unasked(diagnosis: Diagnosis) -> Diagnosis:
    """Return it with one line, the last, for all that nobody has asked for."""
    unasked = [each.name for each in diagnosis.results if not each.asked]
    if not unasked:
        return diagnosis
    options = ", ".join(NAMED_BY[name] for name in unasked if name in NAMED_BY)
    rest = CheckResult(CheckStatus.NOT_TRIED, f"{', '.join(unasked)}: not named ({options})", name="others")
    return Diagnosis((*(each for each in diagnosis.results if each.asked), rest))


def verdict(diagnosis: Diagnosis) -> str:
    """Return the last line, which says that all is well; '' if something is not."""
    passed, left = (sum(r.status is s for r in diagnosis.results) for s in (CheckStatus.OK, CheckStatus.NOT_TRIED))
    if passed + left < len(diagnosis.results):
        return ""
    return f"all is well: {passed} checks passed{f', {left} were not tried' if left else ''}\n"


def draw(shown: Console, diagnosis: Diagnosis) -> None:
    """Draw a line for each check, wrapped in its own column where the console is narrower; the remedy is bold."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for result in diagnosis.results:
        style = STYLES[result.status]
        remedy = Text(f"; {one_line(result.remedy)}" if result.remedy else "", "bold")
        table.add_row(Text(result.status.value, style), Text(result.name), Text(one_line(result.text)) + remedy)
    shown.print(table)
