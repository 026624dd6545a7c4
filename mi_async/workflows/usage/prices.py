"""A price list of the user's own, and what the counts of a month cost by it.

Invariant: pure, but for reading the file; sums are decimal, never binary. There is no price in this package.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import starmap
from os import PathLike
from typing import Any

from attrs import frozen

from mi_async.errors import InvalidArgumentError
from mi_async.text import aligned
from mi_async.workflows.usage.models import UsageCounts
from mi_async.workflows.usage.price_file import UNITS, Price, charged_twice, read_prices

COUNTED: Mapping[str, Callable[[UsageCounts], tuple[int, int]]] = {
    "analysis": lambda counts: (counts.analyses, counts.analyzed_ms),
    "video_analysis": lambda counts: (counts.video_analyses, counts.analyzed_ms),
    "image_analysis": lambda counts: (counts.image_analyses, 0),
    "summary": lambda counts: (counts.summaries, counts.summarized_ms),
    "asset": lambda counts: (counts.assets, counts.media_ms),
    "video": lambda counts: (counts.videos, counts.media_ms),
    "image": lambda counts: (counts.images, 0),
    "person": lambda counts: (counts.named_persons + counts.unnamed_persons, 0),
    "named_person": lambda counts: (counts.named_persons, 0),
    "unnamed_person": lambda counts: (counts.unnamed_persons, 0),
}
"""Number and milliseconds of each thing that may have a price."""


@frozen
class CostLine:
    """One price times what it is for.

    Attributes:
        price: of the list.
        quantity: in its unit.
        amount: rounded to the decimals of the list.
    """

    price: Price
    quantity: Decimal
    amount: Decimal


@frozen
class UsageCost:
    """Cost of a month, by the prices of a list; ``str()`` of it is a table.

    Attributes:
        currency: of all amounts, as the list has it.
        lines: one for each price, in the order of the list.
    """

    currency: str
    lines: tuple[CostLine, ...]

    @property
    def total(self) -> Decimal:
        """Sum of the rounded amounts, so that it is that of the lines as they are shown."""
        return sum((line.amount for line in self.lines), Decimal(0))

    def rows(self) -> list[dict[str, str]]:
        """Return a row for each line and one for the total, as texts."""
        rows = [
            {
                "of": line.price.of,
                "quantity": f"{line.quantity:.4f}".rstrip("0").rstrip("."),
                "per": line.price.per,
                "price": f"{line.price.price:f}",
                "amount": f"{line.amount:f}",
            }
            for line in self.lines
        ]
        return [*rows, {"of": "total", "quantity": "", "per": "", "price": self.currency, "amount": f"{self.total:f}"}]

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it, amounts as texts: ``{"currency", "lines": [...], "total"}``."""
        *lines, _total = self.rows()
        return {"currency": self.currency, "lines": lines, "total": f"{self.total:f}"}

    def __str__(self) -> str:
        rows = self.rows()
        return "\n".join(aligned([tuple(rows[0]), *[tuple(row.values()) for row in rows]], right={1, 3, 4}))


@frozen
class PriceList:
    """Prices by what they are for, from a file of yours.

    Attributes:
        currency: of all prices.
        prices: at most one for each thing, and none for a thing and for a part of it.
        decimals: to which an amount is rounded, half to even.
    """

    currency: str
    prices: Sequence[Price]
    decimals: int = 2

    def __attrs_post_init__(self) -> None:
        """Refuse prices that would be added up."""
        things = [price.of for price in self.prices]
        for at, of in enumerate(things):
            if fault := charged_twice(of, things[:at]):
                raise InvalidArgumentError(fault)

    @classmethod
    def read(cls, path: "str | PathLike[str]") -> "PriceList":
        """Read a file: TOML, JSON or CSV, by its suffix.

        Each price has ``of`` (``analysis``, ``video_analysis``, ``image_analysis``, ``summary``, ``asset``, ``video``,
        ``image``, ``person``, ``named_person`` or ``unnamed_person``), ``per`` (``each``, or of what has a length also
        ``second``, ``minute`` or ``hour``) and ``price``; the list has one ``currency`` and may have ``decimals``.

        Raises:
            InvalidArgumentError: the file cannot be read, or a price is none, with its place.
        """
        read = read_prices(path, COUNTED)
        return cls(read.currency, read.prices, read.decimals)

    def cost(self, counts: UsageCounts) -> UsageCost:
        """Return the cost of counts: ``report.counts``, or those of one of its workspaces or projects.

        Parts of a unit cost their part: 90 s at a price per minute are 1.5 minutes.
        """
        step = Decimal(1).scaleb(-self.decimals)
        quantities = [_quantity(price, counts) for price in self.prices]
        amounts = [
            (quantity * price.price).quantize(step, ROUND_HALF_EVEN)
            for quantity, price in zip(quantities, self.prices, strict=True)
        ]
        return UsageCost(self.currency, tuple(starmap(CostLine, zip(self.prices, quantities, amounts, strict=True))))


def _quantity(price: Price, counts: UsageCounts) -> Decimal:
    number, milliseconds = COUNTED[price.of](counts)
    unit = UNITS[price.per]
    return Decimal(number) if unit is None else Decimal(milliseconds) / unit
