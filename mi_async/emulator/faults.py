"""Faults of network and service, as a table; scripted for one test, or at random for a whole run.

Invariant: decides, and does nothing itself; ``delivery.py`` carries it out. Randomness is the generator that is given.
"""

import random
from collections import Counter, defaultdict, deque
from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from enum import Enum, auto

from attrs import Factory, define, field, frozen

from mi_async.emulator import rules
from mi_async.emulator.rules import Rejection
from mi_async.errors import InvalidArgumentError


class Fault(Enum):
    """A kind of fault; the value says what a client sees."""

    RATE_LIMITED = "429 although no quota is used up (503 SlowDown from the storage), without effect"
    INTERNAL_ERROR = "500 from the gateway, without effect"
    UNAVAILABLE = "503 from the gateway, without effect"
    UNAVAILABLE_AFTER = "503 from the gateway, after the effect"
    ERROR_BEFORE = "500 with code 99999, without effect"
    ERROR_AFTER = "500 with code 99999, after the effect"
    DROP_BEFORE = "the connection closes, without effect"
    DROP_AFTER = "the connection closes, after the effect"
    TRUNCATED_BODY = "the connection closes in the middle of the answer, after the effect"
    SLOW_BODY = "the answer trickles in, after the effect"
    PROXY_HTML = "502 with a page of HTML from a proxy, after the effect"


def read_fault(named: "Fault | Rejection | int | str") -> "Fault | Rejection":
    """Return the fault or refusal that a test, a command line or a request names.

    Args:
        named: a fault, its name in any case (``DROP_AFTER``, ``drop-after``), or a documented code (``99999``).

    Raises:
        InvalidArgumentError: there is no such fault or code.
    """
    if isinstance(named, Fault | Rejection):
        return named
    text = str(named)
    if text.isascii() and text.isdigit():
        return Rejection(int(text))
    fault = Fault.__members__.get(text.upper().replace("-", "_"))
    if fault is None:
        message = f"no fault {text!r}; there are documented codes, such as 99999, and {', '.join(Fault.__members__)}"
        raise InvalidArgumentError(message)
    return fault


class Moment(Enum):
    """When a fault strikes, seen from the effect of the request."""

    BEFORE = "without effect"
    AFTER = "after the effect"


class Mishap(Enum):
    """A fault of an answer on its way, other than being replaced by another one."""

    DROP = auto()
    TRUNCATE = auto()
    TRICKLE = auto()


@frozen
class Course:
    """The course of a fault.

    Attributes:
        moment: whether the request takes effect all the same.
        api: what becomes of an answer of the API.
        storage: what becomes of an answer of the storage.
    """

    moment: Moment
    api: Rejection | Mishap
    storage: Rejection | Mishap


COURSES: Mapping[Fault, Course] = {
    Fault.RATE_LIMITED: Course(Moment.BEFORE, rules.THROTTLED, rules.SLOW_DOWN),
    Fault.INTERNAL_ERROR: Course(Moment.BEFORE, rules.GATEWAY_ERROR, rules.STORAGE_ERROR),
    Fault.UNAVAILABLE: Course(Moment.BEFORE, rules.ENDPOINT_ERROR, rules.STORAGE_DOWN),
    Fault.UNAVAILABLE_AFTER: Course(Moment.AFTER, rules.ENDPOINT_ERROR, rules.STORAGE_DOWN),
    Fault.ERROR_BEFORE: Course(Moment.BEFORE, rules.UNEXPECTED, rules.STORAGE_ERROR),
    Fault.ERROR_AFTER: Course(Moment.AFTER, rules.UNEXPECTED, rules.STORAGE_ERROR),
    Fault.DROP_BEFORE: Course(Moment.BEFORE, Mishap.DROP, Mishap.DROP),
    Fault.DROP_AFTER: Course(Moment.AFTER, Mishap.DROP, Mishap.DROP),
    Fault.TRUNCATED_BODY: Course(Moment.AFTER, Mishap.TRUNCATE, Mishap.TRUNCATE),
    Fault.SLOW_BODY: Course(Moment.AFTER, Mishap.TRICKLE, Mishap.TRICKLE),
    Fault.PROXY_HTML: Course(Moment.AFTER, rules.PROXY_ERROR, rules.PROXY_ERROR),
}

ANYWHERE = "*"
STORAGE_PUT, STORAGE_GET = "storage.put", "storage.get"
STORAGE = frozenset({STORAGE_PUT, STORAGE_GET})


@define(eq=False)
class Faults:
    """The requests that fail: those that a test asked for first, then those that chance picks.

    Attributes:
        injected: how often each kind happened.
    """

    _places: Collection[str] = field(repr=False)
    _random: Mapping[Fault, float] = field(repr=False)
    _rng: random.Random = field(repr=False)
    # each fault with how many requests it is still for: a list of a billion times the same would take 8 GB
    _scripted: defaultdict[str, deque[tuple[Fault | Rejection, int]]] = field(
        init=False, repr=False, factory=lambda: defaultdict(deque)
    )
    injected: Counter[Fault | Rejection] = Factory(Counter)

    @staticmethod
    def uniform(probability: float) -> dict[Fault, float]:
        """Spread a total probability per request evenly over all kinds, for ``Settings.random_faults``."""
        return dict.fromkeys(Fault, probability / len(Fault))

    def reset(self, seed: str) -> None:
        """Forget all that was asked for and all that happened, and begin the random faults of a seed."""
        self.clear()
        self.injected.clear()
        self._rng.seed(seed)

    def next(self, place: str, fault: Fault | Rejection | int | str, *, times: int = 1) -> None:
        """Make the next requests of a place fail, after those already asked for.

        Args:
            place: an operation id, ``storage.put``, ``storage.get``, or ``*`` for whatever comes next but a download.
            fault: the kind or its name, or a refusal or its documented code, such as 10069, without effect and of an
                operation alone.
            times: how many requests.

        Raises:
            InvalidArgumentError: there is no such place or fault, or a refusal is none of an operation's.
        """
        fault = read_fault(fault)
        if isinstance(fault, Rejection) and place in {ANYWHERE, *STORAGE}:
            message = f"{place!r} is no operation, which alone refuses with a code; name one, such as persons.create"
            raise InvalidArgumentError(message)
        if place != ANYWHERE and place not in self._places:
            close = get_close_matches(place, self._places)
            there = f"there are {', '.join(sorted(self._places))} and {ANYWHERE}"
            hint = f", did you mean {' or '.join(close)}?" if close else f"; {there}"
            message = f"no operation {place!r}{hint}"
            raise InvalidArgumentError(message)
        if times < 1:
            message = f"times must be >= 1, got {times}"
            raise InvalidArgumentError(message)
        self._scripted[place].append((fault, times))

    def waiting(self) -> Iterator[tuple[str, Fault | Rejection, int]]:
        """Yield what was asked for and has not happened: place, kind, and how many requests it is still for."""
        for place, queue in self._scripted.items():
            for fault, times in queue:
                yield place, fault, times

    def clear(self) -> None:
        """Forget what was asked for and has not happened."""
        self._scripted.clear()

    def draw(self, place: str) -> Fault | Rejection | None:
        """Decide about one request that was admitted."""
        # People and tests look at images, too: chance and * would disturb them, and no run that repeats by its seed.
        fault = self._asked(place) or (None if place == STORAGE_GET else self._chance())
        if fault is not None:
            self.injected[fault] += 1
        return fault

    def _asked(self, place: str) -> Fault | Rejection | None:
        queue = self._scripted.get(place) or (None if place == STORAGE_GET else self._scripted.get(ANYWHERE))
        if not queue:
            return None
        fault, times = queue.popleft()
        if times > 1:
            queue.appendleft((fault, times - 1))
        return fault

    def _chance(self) -> Fault | None:
        if not self._random:
            return None
        dice = self._rng.random()
        for fault, share in self._random.items():
            dice -= share
            if dice < 0:
                return fault
        return None
