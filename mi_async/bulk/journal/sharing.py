"""Sharing of a journal among processes: options of a run on PostgreSQL, which a file ignores.

Invariant: values only.
"""

from attrs import field, frozen
from attrs.validators import ge, gt, instance_of, optional

from mi_async.bulk.defaults import LIFE

TAKEN_OVER = "its work was taken over by another process, since this one stood still; start it again to join"


@frozen(kw_only=True)
class Sharing:
    """Options of the work on a shared journal.

    Attributes:
        shards: parts of the input that processes take one by one, used when the journal is made, and kept in it; None
            for a run that works on the whole input by itself, and is refused while another one is under way.
        life: seconds for which the claims of this process last without a sign of life.
        patience: seconds for which a server that does not answer is waited for.
    """

    shards: int | None = field(default=None, validator=optional([instance_of(int), ge(1)]))
    life: float = field(default=LIFE, validator=gt(0))
    patience: float = field(default=60.0, validator=ge(0))


@frozen
class OpenShards:
    """Numbers of the shards that are not done.

    Attributes:
        mine: that this process has.
        others: that others have, who may finish them or die.
        free: that anybody may take.
    """

    mine: int
    others: int
    free: int

    @property
    def any(self) -> bool:
        """True if something is left to do."""
        return bool(self.mine or self.others or self.free)
