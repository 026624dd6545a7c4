"""Signals as a process of ours finds them, whatever has started the tests."""

import signal
from collections.abc import Collection, Iterator
from contextlib import contextmanager

STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def signals(ignored: Collection[signal.Signals] = ()) -> Iterator[None]:
    """Have processes that are started in this block find the stop signals as usual, or some of them ignored.

    ``nohup`` and ``&`` have signals ignored, and whoever is started inherits that; a handler is not inherited. Only
    the main thread of the tests may use it.
    """
    before = {number: signal.getsignal(number) for number in STOPS}
    try:
        for number in STOPS:
            signal.signal(number, signal.SIG_IGN if number in ignored else signal.SIG_DFL)
        if signal.SIGINT not in ignored:  # Ctrl-C in the block ends the tests, as ever
            signal.signal(signal.SIGINT, signal.default_int_handler)
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
