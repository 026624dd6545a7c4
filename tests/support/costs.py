"""Costs of a workflow: the requests that the emulator's log counts, and the seconds of its clock.

Invariant: nothing here asks the code under test; the server's log and clock are the judge.
"""

from collections import Counter
from collections.abc import Collection, Generator, Mapping
from contextlib import contextmanager

from mi_async.emulator import Server

TOLERANCE = 0.05
"""Seconds that sockets and turns of a virtual loop add to the waits."""


def spent(server: Server, before: Mapping[str, int] | None = None) -> dict[str, int]:
    """Return the requests by operation, ``storage.put`` for uploads, less those of an earlier moment."""
    earlier = before or {}
    now = {place: len(times) for place, times in server.log.arrivals.items()}
    return {place: count - earlier.get(place, 0) for place, count in now.items() if count > earlier.get(place, 0)}


def added(cost: Mapping[str, int], more: Mapping[str, int]) -> dict[str, int]:
    """Return the sum of two costs."""
    return dict(Counter(cost) + Counter(more))


@contextmanager
def costs(
    server: Server,
    expected: Mapping[str, int],
    *,
    seconds: float | None = None,
    ignored: Collection[str] = (),
) -> Generator[None]:
    """Assert that the block makes exactly these requests, and takes these seconds of the server's clock.

    The time is exact on virtual time alone (``tests.support.virtual``): elsewhere leave ``seconds`` out.

    Args:
        server: the emulated service.
        expected: requests by operation id and ``storage.put``; what is not named is not asked.
        seconds: the waits in the block.
        ignored: operations of which any number will do.
    """
    before, begun = spent(server), server.clock.monotonic()
    yield
    took = server.clock.monotonic() - begun
    asked = {place: count for place, count in spent(server, before).items() if place not in ignored}
    more = {place: asked.get(place, 0) - expected.get(place, 0) for place in {**asked, **expected}}
    assert asked == dict(expected), f"more and less than expected: { ({k: n for k, n in more.items() if n}) }"
    if seconds is not None:
        assert seconds <= took < seconds + TOLERANCE, f"took {took:.3f} s, not {seconds:.3f} s"
