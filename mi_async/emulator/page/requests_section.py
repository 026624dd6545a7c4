"""Requests as they were answered: rows of the log of the page.

Invariant: pure; a path has no query, which may be a signature.
"""

from collections.abc import Iterable
from datetime import datetime
from urllib.parse import unquote

from mi_async.emulator.answered import KEPT, AnsweredRequest
from mi_async.emulator.faults import Fault
from mi_async.emulator.rules import Rejection
from mi_async.language import PageWords
from mi_async.notebook import escaped_line
from mi_async.text import duration

REFUSED, FAILED = 400, 500


def request_rows(requests: Iterable[AnsweredRequest], words: PageWords) -> str:
    """Return a row for each request."""
    return "".join([_row(request, words) for request in requests])


def request_totals(count: int, words: PageWords) -> str:
    """Return the number of requests in words."""
    if not count:
        return words("no_requests")
    return words("total" if count > KEPT else "total_all", count=f"{count:,}", kept=KEPT)


def fault_name(fault: Fault | Rejection) -> str:
    """Return a fault by its name, a refusal by status, code and text."""
    return fault.name if isinstance(fault, Fault) else f"{fault.status} {fault.code} {fault.text}"


def _row(request: AnsweredRequest, words: PageWords) -> str:
    at = datetime.fromtimestamp(request.wall).astimezone()
    tone = "good" if request.status < REFUSED else "bad" if request.status >= FAILED else "warn"
    notes = []
    if request.throttled:
        notes.append(f'<span class="note-quota">{words("quota")}</span>')
    if request.fault is not None:
        notes.append(f'<span class="note-fault">{words("fault", name=escaped_line(fault_name(request.fault)))}</span>')
    operation = escaped_line(request.operation) or f"<i>{words('elsewhere')}</i>"
    return (
        f'<li id="request-{request.number}"><time datetime="{at.isoformat(timespec="milliseconds")}">'
        f'{at:%H:%M:%S}</time> <span class="method">{escaped_line(request.method)}</span> '
        f'<strong class="status {tone}">{request.status}</strong> <code class="operation">{operation}</code> '
        f'<span class="took">{duration(request.seconds)}</span> '
        f'<span class="path"><bdi>{escaped_line(unquote(request.path))}</bdi></span> {"".join(notes)}</li>'
    )
