"""Options of a bulk run, checked.

Invariant: values only.
"""

from attrs import field, frozen

from mi_async.bulk.defaults import GRACE, LIFE, PATIENCE, ROOM, SHARDS
from mi_async.bulk.enroll.adaptive_limit import LimitController
from mi_async.bulk.enroll.schedule import Schedule
from mi_async.bulk.journal.place import Journalled, JournalUrl, parsed
from mi_async.bulk.journal.sharing import Sharing
from mi_async.errors import ConfigError


@frozen(kw_only=True)
class BulkOptions:
    """Options of a bulk run.

    Attributes:
        journal: path of the journal, or URL of PostgreSQL.
        total: items of the input, None if unknown.
        fit: True to convert images of other formats, and to make smaller those that are too big.
        max_failures: items that may end badly before the run stops; None for any number.
        grace: seconds for what is in flight to end when the run is stopped.
        patience: seconds for which a service that does not answer is waited for.
        limit_rules: rules of the adaptive limit.
        schedule: times of the completion checks.
        room: items in flight at most.
        shards: parts of the input that the processes of a shared run take one by one.
        claim_life: seconds for which the claims of a process that shows no sign of life last.

    Raises:
        ConfigError: one of them cannot work.
    """

    journal: Journalled = field(converter=parsed)
    total: int | None = None
    fit: bool = False
    max_failures: int | None = None
    grace: float = GRACE
    patience: float = PATIENCE
    limit_rules: LimitController = field(factory=LimitController)
    schedule: Schedule = field(factory=Schedule)
    room: int = ROOM
    shards: int = SHARDS
    claim_life: float = LIFE

    def __attrs_post_init__(self) -> None:
        """Refuse what cannot work."""
        for name in ("total", "max_failures", "grace", "patience"):
            if (fault := negative_fault(name, getattr(self, name))) is not None:
                raise ConfigError(fault)
        if self.shards < 1:
            message = f"shards must be >= 1, got {self.shards}"
            raise ConfigError(message)
        if not self.claim_life > 0:  # nan is none either
            message = f"claim_life must be > 0, got {self.claim_life}"
            raise ConfigError(message)

    @property
    def is_shared(self) -> bool:
        """True if any number of processes may work on the run together."""
        return isinstance(self.journal, JournalUrl)

    @property
    def sharing(self) -> Sharing:
        """Options of the work on a shared journal."""
        return Sharing(shards=self.shards, life=self.claim_life, patience=self.patience)


def negative_fault(name: str, value: float | None) -> str | None:
    """Return the fault of a number that must be >= 0 where there is one, None if it has none."""
    return None if value is None or value >= 0 else f"{name} must be >= 0, got {value}"
