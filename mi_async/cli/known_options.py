"""``--known`` and ``--score``: options of the commands that create persons."""

from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from mi_async.argument_types import IfPersonKnown

Known = Annotated[
    IfPersonKnown,
    Parameter(
        help="What becomes of a person whose first image looks like somebody who is there: ignore does not compare, "
        "ask does not create the person and shows who it is, attach gives images and tags to the one who is there."
    ),
]
Score = Annotated[
    int,
    Parameter(help="With --known: likeness from which on somebody looks like it.", validator=Number(gte=80, lte=100)),
]
