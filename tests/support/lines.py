"""What is written line by line, by a clock that passes when a test says so."""

import io
from collections.abc import Callable

from attrs import Factory, define, field

from mi_async.display.lines import LineDisplay


@define(eq=False)
class Timer:
    """A timer that is called when its time has come."""

    due: float
    callback: Callable[[], None]
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


@define
class Time:
    """Passes when a test says so."""

    seconds: float = 0.0
    timers: list[Timer] = Factory(list)

    def now(self) -> float:
        return self.seconds

    def call_later(self, delay: float, callback: Callable[[], None]) -> Timer:
        self.timers.append(Timer(self.seconds + delay, callback))
        return self.timers[-1]

    def pass_by(self, seconds: float) -> None:
        end = self.seconds + seconds
        while due := [timer for timer in self.timers if timer.due <= end]:
            first = min(due, key=lambda timer: timer.due)
            self.timers.remove(first)
            self.seconds = first.due
            if not first.cancelled:
                first.callback()
        self.seconds = end


@define
class Lines:
    """A display where there is no terminal; call it for the lines since the last time."""

    time: Time
    out: io.StringIO = field(init=False, factory=io.StringIO)
    display: LineDisplay = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.display = LineDisplay(self.out, now=self.time.now)

    def __call__(self) -> list[str]:
        self.display.drain()
        lines = self.out.getvalue().splitlines()
        self.out.truncate(0)
        self.out.seek(0)
        return lines
