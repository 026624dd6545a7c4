"""The file of a price list: TOML, JSON or CSV, read into decimal prices.

Invariant: a number never passes through binary floating point; a fault names its place in the file.
"""

import csv
import io
import json
import tomllib
from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, cast

from attrs import frozen

from mi_async.errors import InvalidArgumentError
from mi_async.text import escaped

UNITS: Mapping[str, int | None] = {"each": None, "second": 1_000, "minute": 60_000, "hour": 3_600_000}
"""Milliseconds of each unit; None counts things."""
TIMED = frozenset({"analysis", "video_analysis", "summary", "asset", "video"})
"""Items that have a length, and so a price per second, minute or hour."""
PARTS: Mapping[str, tuple[str, ...]] = {
    "analysis": ("video_analysis", "image_analysis"),
    "asset": ("video", "image"),
    "person": ("named_person", "unnamed_person"),
}
"""Items that are counted in others, too."""
LARGEST = 1_000_000
"""Bytes of the longest file that is read."""
MOST_DECIMALS, HIGHEST = 6, 1_000_000_000
"""With these no amount has more than the 28 digits with which decimals are calculated."""
LONGEST = 12
"""Characters of a currency."""


@frozen
class Price:
    """Price of one thing.

    Attributes:
        of: what it is for, such as ``video_analysis``.
        per: ``each``, ``second``, ``minute`` or ``hour``.
        price: of one, at least 0.
    """

    of: str
    per: str
    price: Decimal


@frozen
class PriceFile:
    """Content of a file.

    Attributes:
        currency: of all prices.
        prices: in the order of the file.
        decimals: of an amount.
    """

    currency: str
    prices: tuple[Price, ...]
    decimals: int


def read_prices(path: Any, known: Collection[str]) -> PriceFile:
    """Read a price list.

    Args:
        path: of the file.
        known: what may have a price.

    Raises:
        InvalidArgumentError: it cannot be read, or breaks a rule.
    """
    file = Path(path)
    name = escaped(str(file))
    parse = FORMATS.get(file.suffix.lower())
    if parse is None:
        message = f"{name}: a price list is a .toml, .json or .csv file"
        raise InvalidArgumentError(message)
    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST + 1)
        if len(content) > LARGEST:
            message = f"{name}: a price list has at most {LARGEST:,} bytes"
            raise InvalidArgumentError(message)
        return _checked(parse(content.decode("utf-8-sig")), name, known)
    except OSError as error:
        message = f"{name}: {error.strerror}"
        raise InvalidArgumentError(message) from None
    except ValueError as error:  # of each format, and UnicodeDecodeError
        if isinstance(error, InvalidArgumentError):
            raise
        message = f"{name}: not a price list: {escaped(str(error))}"
        raise InvalidArgumentError(message) from None


def _toml(text: str) -> Any:
    return tomllib.loads(text, parse_float=Decimal)


def _json(text: str) -> Any:
    return json.loads(text, parse_float=Decimal)


def _csv(text: str) -> Any:
    """Return the rows as the other formats have them; each may repeat the currency."""
    rows = list(csv.DictReader(io.StringIO(text), skipinitialspace=True))
    currencies = dict.fromkeys(value for row in rows if (value := (row.get("currency") or "").strip()))
    if len(currencies) > 1:
        message = f"one currency for all prices, not {' and '.join(currencies)}"
        raise ValueError(message)
    prices = [{key: value for key, value in row.items() if key in {"of", "per", "price"}} for row in rows]
    return {"currency": next(iter(currencies), None), "prices": prices}


FORMATS = {".toml": _toml, ".json": _json, ".csv": _csv}


def _checked(given: Any, name: str, known: Collection[str]) -> PriceFile:
    content = cast("Mapping[str, Any]", given if isinstance(given, Mapping) else {})
    currency, prices, decimals = content.get("currency"), content.get("prices"), content.get("decimals", 2)
    if not isinstance(currency, str) or not currency.isprintable() or not 0 < len(currency.strip()) <= LONGEST:
        message = f'{name}: give a currency, such as currency = "KRW"'
        raise InvalidArgumentError(message)
    if type(decimals) is not int or not 0 <= decimals <= MOST_DECIMALS:
        message = f"{name}: decimals must be 0 to {MOST_DECIMALS}, got {escaped(str(decimals))}"
        raise InvalidArgumentError(message)
    if not isinstance(prices, list) or not prices:
        message = f"{name}: there is no price; each has of, per and price"
        raise InvalidArgumentError(message)
    rows: list[Any] = prices
    return PriceFile(currency.strip(), tuple(_each(rows, name, known)), decimals)


def _each(rows: Iterable[Any], name: str, known: Collection[str]) -> Iterable[Price]:
    seen = set[str]()
    for number, row in enumerate(rows, 1):
        price = _price(row, f"{name}: price {number}", known)
        if fault := charged_twice(price.of, seen):
            message = f"{name}: price {number}: {fault}"
            raise InvalidArgumentError(message)
        seen.add(price.of)
        yield price


def charged_twice(of: str, seen: Collection[str]) -> str:
    """Return why something may have no price beside those that there are, '' if it may: nothing is charged twice."""
    if of in seen:
        return f"{of} has a price already"
    parts = [PARTS.get(of, ()), *[(whole,) for whole, its in PARTS.items() if of in its]]
    other = next((one for some in parts for one in some if one in seen), None)
    return "" if other is None else f"{of} and {other} have something in common, which would be charged twice"


def _price(row: Any, place: str, known: Collection[str]) -> Price:
    about = cast("Mapping[str, Any]", row if isinstance(row, Mapping) else {})
    of, per = str(about.get("of") or "").strip(), str(about.get("per") or "each").strip()
    if of not in known:
        message = f"{place}: of must be one of {', '.join(known)}, got {escaped(of)!r}"
        raise InvalidArgumentError(message)
    units = list(UNITS) if of in TIMED else ["each"]
    if per not in units:
        message = f"{place}: per must be one of {', '.join(units)} for {of}, got {escaped(per)!r}"
        raise InvalidArgumentError(message)
    return Price(of, per, _amount(about.get("price"), place))


def _amount(value: Any, place: str) -> Decimal:
    """Return a price; one that was written with a comma or a currency is refused rather than read wrongly."""
    text = value.strip() if isinstance(value, str) else value
    try:
        found = Decimal(text) if isinstance(text, str | int | Decimal) and not isinstance(text, bool) else None
    except InvalidOperation:
        found = None
    if found is None or not found.is_finite() or not 0 <= found <= HIGHEST:
        message = f"{place}: price must be a number from 0 to {HIGHEST:,} such as 12.50, got {escaped(str(value))!r}"
        raise InvalidArgumentError(message)
    return found
