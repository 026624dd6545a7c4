"""Options of a bulk run, checked.

Invariant: values only.
"""

import os

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
        life: seconds for which the claims of a process that shows no sign of life last.

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
    life: float = LIFE

    def __attrs_post_init__(self) -> None:
        """Refuse what cannot work."""
        place: object = self.journal
        if not isinstance(place, str | os.PathLike | JournalUrl):
            message = f"journal must be the path of a file, or a URL of PostgreSQL, got {type(place).__name__}"
            raise ConfigError(message)
        for name in ("total", "max_failures", "grace", "patience"):
            if (fault := negative_fault(name, getattr(self, name))) is not None:
                raise ConfigError(fault)
        if isinstance(self.shards, bool) or not isinstance(self.shards, int) or self.shards < 1:
            message = f"shards must be a number >= 1, got {self.shards!r}"
            raise ConfigError(message)
        if not isinstance(self.life, int | float) or self.life <= 0:
            message = f"life must be > 0, got {self.life!r}"
            raise ConfigError(message)

    @property
    def is_shared(self) -> bool:
        """True if any number of processes may work on the run together."""
        return isinstance(self.journal, JournalUrl)

    @property
    def sharing(self) -> Sharing:
        """Options of the work on a shared journal."""
        return Sharing(shards=self.shards, life=self.life, patience=self.patience)


def negative_fault(name: str, value: object) -> str | None:
    """Return the fault of a number that must be None or >= 0, None if it has none."""
    sound = value is None or (isinstance(value, int | float) and value >= 0)
    return None if sound else f"{name} must be >= 0, got {value!r}"
