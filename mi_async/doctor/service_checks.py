"""Checks of the service: a signed call, and the workspace.

Invariant: a check returns what it found and raises nothing of its own; it creates and changes nothing.
"""

import difflib

from mi_async.doctor.models import CheckResult, error_text, failed, fine, not_tried
from mi_async.doctor.subject import Subject
from mi_async.errors import APIError, MIError, NotFoundError, QuotaError, ServerError
from mi_async.text import duration, escaped

ALL = 1000
"""Workspaces that are asked for: the most that a page has."""
SHOWN = 5
"""Names of workspaces that a line has."""
REMEDIES: tuple[tuple[type[MIError], str], ...] = (
    (QuotaError, "wait a minute; see docs/several-processes.md"),
    (ServerError, "try again in some minutes; if it stays so, tell the vendor's support the request ID"),
    (APIError, "see docs/troubleshooting.md"),
    (MIError, "see the checks above"),
)
"""Remedies by class; the first that fits."""


async def check_signature(subject: Subject) -> CheckResult:
    """Make one signed call that changes nothing."""
    try:
        answer = await (await subject.session()).ping()
    except MIError as error:
        return refused(error)
    seen = "1 workspace" if answer.workspaces == 1 else f"{answer.workspaces} workspaces"
    return fine(f"accepted in {duration(answer.seconds)}; the key sees {seen}")


def refused(error: MIError) -> CheckResult:
    """Return the result of a check whose call failed; what the error says of the key is the remedy."""
    if isinstance(error, APIError) and error.key:
        return failed(error_text(error), f"{error.key}: {error.likely_cause}")
    return failed(str(error), next(remedy for kind, remedy in REMEDIES if isinstance(error, kind)))


async def check_workspace(subject: Subject) -> CheckResult:
    """Look the workspace up, and name similar ones where there is none."""
    name = subject.workspace
    if name is None:
        return not_tried("no workspace was named: --workspace, MI_ASYNC_WORKSPACE")
    session = await subject.session()
    try:
        info = await session.workspaces.get(name)
    except NotFoundError:
        page = await session.workspaces.list(page_size=ALL)
        return _missing(name, [one.workspace_name for one in page.content])
    except MIError as error:
        return refused(error)
    subject.linked, subject.looked_up = info.bucket_name, True
    linked = f"the bucket {escaped(info.bucket_name)}" if info.bucket_name else "no bucket"
    return fine(f"{escaped(name)}, linked to {linked}")


def _missing(name: str, names: list[str]) -> CheckResult:
    text = f"there is no workspace {escaped(name)!r}"
    if not names:
        return failed(f"{text}, and this key sees none", "create one: mi-async workspaces create NAME")
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    if near:
        return failed(text, f"did you mean {near[0]!r}?")
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return failed(text, f"this key sees {', '.join(map(escaped, names[:SHOWN]))}{more}")
