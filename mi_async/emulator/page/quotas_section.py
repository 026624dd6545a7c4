"""Quotas of a server as live windows: used of limit, and when the next slot comes free.

Invariant: pure; asks a window, and counts nothing itself.
"""

from typing import TYPE_CHECKING

from mi_async._core.operation import Operation, Quota
from mi_async.api import operations
from mi_async.language import PageWords

if TYPE_CHECKING:
    from mi_async.emulator.server import Server


def quotas_section(server: "Server", words: PageWords) -> str:
    """Return a bar for each quota that is enforced."""
    found = [(operation, quota) for operation in operations() if (quota := server.gateway.quota(operation)) is not None]
    if not found:
        return f"<p>{words('no_quotas')}</p>"
    return f'<ul class="quotas">{"".join([_quota(server, operation, quota, words) for operation, quota in found])}</ul>'


def _quota(server: "Server", operation: Operation, quota: Quota, words: PageWords) -> str:
    now = server.state.now()
    window = server.gateway.windows.get(operation.id)
    used, wait = (0, 0.0) if window is None else (window.used(now), window.next_free(now))
    told = words("used", used=f"{used:,}", calls=f"{quota.calls:,}", period=f"{quota.period:g}")
    slot = words("full", seconds=_seconds(server.clock.real(wait), words)) if wait else words("free")
    refused = server.log.throttled.get(operation.id, 0)
    throttled = f' · <strong class="bad">{words("throttled", count=f"{refused:,}")}</strong>' if refused else ""
    return (
        f'<li id="quota-{operation.id}"><p><code>{operation.id}</code> <span>{told} · {slot}{throttled}</span></p>'
        f'<svg class="bar" role="img" aria-label="{told}"><rect class="{"full" if wait else "used"}" '
        f'width="{used / quota.calls * 100:.1f}%" height="100%"/></svg></li>'
    )


def _seconds(seconds: float, words: PageWords) -> str:
    # a tenth is what a window of a second needs, and what a browser still shows in time
    if seconds >= 10:  # noqa: PLR2004  two digits say enough
        return words.duration(seconds)
    return f"{seconds:.1f}{'초' if words.language == 'ko' else ' s'}"
