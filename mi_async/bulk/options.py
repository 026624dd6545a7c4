"""How a bulk run is made, as one frozen value that is right or refused.

Law: values only.
"""

import os
from typing import Any

from attrs import field, frozen

from mi_async.bulk.enroll.adaptive_limit import LimitController
from mi_async.bulk.enroll.schedule import Schedule
from mi_async.errors import ConfigError


@frozen(kw_only=True)
class BulkOptions:
    """How a run is made.

    Attributes:
        journal: path of the journal.
        total: items of the input, None for unknown.
        fit: whether images that are too big, or of other formats, are made to fit.
        max_failures: items that may end badly before the run stops; None for any number.
        grace: seconds for what is under way to land when the run is stopped.
        patience: seconds for which a service that does not answer is waited for.
        sizing: the rules of the pool.
        schedule: when completion is checked.
    """

    journal: str | os.PathLike[str]
    total: int | None = None
    fit: bool = False
    max_failures: int | None = None
    grace: float = 30.0
    patience: float = 21_600.0
    sizing: LimitController = field(factory=LimitController)
    schedule: Schedule = field(factory=Schedule)

    def __attrs_post_init__(self) -> None:
        """Refuse what cannot work."""
        path: Any = self.journal
        if not isinstance(path, str | os.PathLike):
            message = f"journal is the path of a file, not {type(path).__name__}"
            raise ConfigError(message)
        for name in ("total", "max_failures", "grace", "patience"):
            value = getattr(self, name)
            if value is not None and not (isinstance(value, int | float) and value >= 0):
                message = f"{name} is a number from 0, not {value!r}"
                raise ConfigError(message)
