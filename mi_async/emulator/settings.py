"""Settings of an emulator, as one frozen value.

Invariant: values only. Seconds are seconds of the emulator's clock unless said otherwise.
"""

import math
import random
from collections.abc import Mapping
from enum import Enum
from typing import Any, Self

from attrs import field, frozen

from mi_async._core.operation import Quota
from mi_async._core.signing import MAX_SKEW
from mi_async.credentials import Credentials
from mi_async.emulator.browsers import check_origins
from mi_async.emulator.faults import Fault
from mi_async.emulator.objects import Objects, by_name
from mi_async.emulator.rules import Rejection
from mi_async.errors import ConfigError

CREDENTIALS = Credentials("EMULATOR-ACCESS-KEY", "emulator-secret-key-that-opens-nothing")
"""The keys that an emulator accepts unless told otherwise; they open nothing else."""


P95_SIGMAS = 1.6448536269514722
"""Standard deviations above its mean at which a normal distribution reaches its 95th percentile."""


@frozen
class Latency:
    """The time that the service takes for something: a log-normal distribution, possibly without spread.

    Attributes:
        median: seconds; 0 for no processing time at all, infinity for no end.
        sigma: standard deviation of the logarithm; 0 for a constant time.
    """

    median: float
    sigma: float = 0.0

    @classmethod
    def lognormal(cls, *, median: float, p95: float) -> Self:
        """Half of the cases take up to ``median`` seconds, 95 % up to ``p95``.

        Raises:
            ConfigError: not ``0 < median <= p95``.
        """
        if not 0 < median <= p95:
            message = f"a latency needs 0 < median <= p95, not {median} and {p95}"
            raise ConfigError(message)
        return cls(median, math.log(p95 / median) / P95_SIGMAS)

    @classmethod
    def constant(cls, seconds: float) -> Self:
        """Every case takes ``seconds``."""
        return cls(seconds)

    @classmethod
    def none(cls) -> Self:
        """Nothing takes any time."""
        return cls(0.0)

    @classmethod
    def never(cls) -> Self:
        """Nothing ever ends."""
        return cls(math.inf)

    def draw(self, rng: random.Random) -> float:
        """One processing time in seconds."""
        return self.median * math.exp(rng.gauss(0.0, self.sigma)) if self.sigma else self.median


def _whole(_instance: object, _attribute: object, value: "tuple[tuple[float, Latency | Mixture], ...]") -> None:
    shares = [share for share, _ in value]
    if not shares or min(shares) < 0 or not math.isclose(sum(shares), 1.0):
        message = f"the shares of a mixture are at least 0 and add up to 1, not {shares}"
        raise ConfigError(message)


@frozen
class Mixture:
    """Several distributions, each for a share of the cases.

    Attributes:
        parts: share and distribution of each; the shares add up to 1.
    """

    parts: tuple[tuple[float, "Latency | Mixture"], ...] = field(validator=_whole)

    def draw(self, rng: random.Random) -> float:
        """One processing time in seconds."""
        _, latency = rng.choices(self.parts, [share for share, _ in self.parts])[0]
        return latency.draw(rng)


def _probabilities(_instance: object, _attribute: object, value: Mapping[Fault, float]) -> None:
    if any(share < 0 for share in value.values()) or sum(value.values()) > 1 + 1e-9:
        message = "the probabilities of random faults are at least 0 and add up to at most 1"
        raise ConfigError(message)


def _not_negative(_instance: object, attribute: Any, value: float) -> None:
    if value < 0:
        message = f"{attribute.name} is at least 0"
        raise ConfigError(message)


def _positive(_instance: object, _attribute: object, value: Mapping[float, float]) -> None:
    if any(factor <= 0 for factor in value.values()):
        message = "the factors of a shift are above 0"
        raise ConfigError(message)


class Control(Enum):
    """Clients that may control an emulator over HTTP."""

    LOOPBACK = "loopback"
    """Processes of this machine, and only if the emulator listens to no other."""
    ANYWHERE = "anywhere"
    """Whoever reaches the emulator, for one in a container of its own."""
    OFF = "off"


@frozen
class Settings:
    """The behaviour of an emulator.

    Attributes:
        seed: of everything random: processing times, random faults, thumbnail keys.
        workspaces: names of the workspaces that exist at the start.
        latency: time from the end of a PUT until the completion check says COMPLETED or why not.
        shifts: factors of that time by when they begin, in seconds since the first upload was stored.
        jitter: most seconds that a request, and then its answer, spends on the way; a quota counts it when it arrives.
        importing: time from the registration of an asset until the import is over.
        queueing: time for which an analysis or a scene summary waits before it runs.
        analysing: time for which an analysis runs.
        summarizing: time for which a scene summary runs.
        searching: time for which an asset search runs.
        failing_jobs: probability that an analysis, a scene summary or a search fails.
        objects: what lies in the buckets: objects by key, or a function from bucket and key to an object; by default
            an object exists unless "missing" is in its name.
        enforce_quotas: whether a request above a quota is refused with 429.
        quotas: quotas by operation id, in place of the declared ones or in addition to them.
        retry_after: seconds in the ``Retry-After`` header of every 429, also of one that a fault asked for; None, as
            documented, for no header.
        url_lifetime: seconds for which an upload URL is good.
        key_lifetime: seconds for which a thumbnail key can be given to a person after its upload.
        random_faults: probability of each kind of fault per request; see ``Faults.uniform``.
        refusals: operations whose next request is refused, and how; several of one operation follow each other.
        faults: what goes wrong from the start: operation ID or ``storage.put``, fault or refusal, and how often.
        control: who may ask for faults, log, state and reset over ``/_emulator/``.
        register_strangers: whether an analysis registers faces that it does not know as persons without a name, as the
            service does.
        detect_faces: whether a plain image (a single colour, a gradient, a few stripes), which shows no face, is
            refused where a person gets it (400, 10069); all others count as faces.
        thumbnails_per_person: how many a person can have before more are refused (409, 10068). The documents say "500
            items" and not of what.
        slow_body: seconds over which the fault SLOW_BODY spreads an answer.
        max_skew: a request whose timestamp is off by this many real seconds or more is refused.
        clock_offset: real seconds by which the server's wall clock is ahead of the machine's.
        keep_bytes: whether images are kept and served; False keeps memory flat in bulk runs.
        public_url: base of every URL that the server gives, when clients reach it by another address than they name
            in their ``Host`` header.
        cors: origins whose pages may upload and show images, such as ``https://example.com``; ``*`` for all.
    """

    seed: int = 0
    workspaces: tuple[str, ...] = ("newsroom",)
    latency: Latency | Mixture = Latency(0.8, math.log(4.0 / 0.8) / P95_SIGMAS)
    shifts: Mapping[float, float] = field(factory=dict, validator=_positive)
    importing: Latency = Latency(2.0)
    queueing: Latency = Latency(1.0)
    analysing: Latency = Latency(5.0)
    summarizing: Latency = Latency(3.0)
    searching: Latency = Latency(0.5)
    failing_jobs: float = 0.0
    objects: Objects = by_name
    enforce_quotas: bool = True
    quotas: Mapping[str, Quota] = field(factory=dict)
    retry_after: float | None = None
    url_lifetime: float = 900.0
    key_lifetime: float = 86_400.0
    random_faults: Mapping[Fault, float] = field(factory=dict, validator=_probabilities)
    refusals: tuple[tuple[str, Rejection], ...] = ()
    faults: tuple[tuple[str, Fault | Rejection, int], ...] = ()
    control: Control = Control.LOOPBACK
    register_strangers: bool = True
    detect_faces: bool = True
    thumbnails_per_person: int = 500
    jitter: float = field(default=0.0, validator=_not_negative)
    slow_body: float = 2.0
    max_skew: float = MAX_SKEW
    clock_offset: float = 0.0
    keep_bytes: bool = True
    public_url: str | None = None
    cors: tuple[str, ...] = field(default=(), validator=check_origins)
