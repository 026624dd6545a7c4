"""Price lists: their files, what is refused, and sums that are decimal."""

from decimal import Decimal
from pathlib import Path

import pytest

from mi_async import InvalidArgumentError, PriceList, UsageCounts
from mi_async.workflows.usage.price_file import LARGEST, TIMED, Price
from mi_async.workflows.usage.prices import COUNTED

TOML = """
currency = "KRW"

[[prices]]
of = "video_analysis"
per = "minute"
price = 12.5

[[prices]]
of = "image_analysis"
price = "3"
"""
JSON = """{"currency": "KRW", "prices": [{"of": "video_analysis", "per": "minute", "price": 12.5},
{"of": "image_analysis", "price": 3}]}"""
CSV = "\ufeffof,per,price,currency,remark\r\nvideo_analysis,minute,12.5,KRW,a,b\r\nimage_analysis,, 3,,\r\n"
COUNTS = UsageCounts(videos=2, images=4, video_analyses=2, image_analyses=3, analyzed_ms=90_000, named_persons=7)


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="")
    return path


@pytest.mark.parametrize(("name", "text"), [("p.toml", TOML), ("p.json", JSON), ("p.CSV", CSV)])
def test_each_format_says_the_same(name: str, text: str, tmp_path: Path) -> None:
    prices = PriceList.read(written(tmp_path, name, text))
    cost = prices.cost(COUNTS)
    assert (cost.currency, cost.total) == ("KRW", Decimal("27.75"))
    assert [(line.price.of, line.quantity, line.amount) for line in cost.lines] == [
        ("video_analysis", Decimal("1.5"), Decimal("18.75")),
        ("image_analysis", Decimal(3), Decimal("9.00")),
    ]


def test_a_cost_is_a_table_and_json(tmp_path: Path) -> None:
    cost = PriceList.read(written(tmp_path, "p.toml", TOML)).cost(COUNTS)
    assert str(cost).splitlines() == [
        "of              quantity  per     price  amount",
        "video_analysis       1.5  minute   12.5   18.75",
        "image_analysis         3  each        3    9.00",
        "total                               KRW   27.75",
    ]
    assert cost.as_dict()["total"] == "27.75"
    assert cost.as_dict()["lines"][1] == {
        "of": "image_analysis",
        "quantity": "3",
        "per": "each",
        "price": "3",
        "amount": "9.00",
    }


def test_sums_are_decimal(tmp_path: Path) -> None:
    path = written(tmp_path, "p.toml", 'currency = "KRW"\ndecimals = 1\n[[prices]]\nof = "image"\nprice = 0.1\n')
    cost = PriceList.read(path).cost(UsageCounts(images=3))
    assert cost.total == Decimal("0.3")  # binary floating point has 0.30000000000000004


def test_a_third_of_an_hour_costs_a_third(tmp_path: Path) -> None:
    text = 'currency = "KRW"\n[[prices]]\nof = "analysis"\nper = "hour"\nprice = 100\n'
    cost = PriceList.read(written(tmp_path, "p.toml", text)).cost(UsageCounts(video_analyses=1, analyzed_ms=1_200_000))
    assert (cost.total, cost.rows()[0]["quantity"]) == (Decimal("33.33"), "0.3333")


@pytest.mark.parametrize("of", COUNTED)
def test_whatever_is_counted_may_have_a_price(of: str, tmp_path: Path) -> None:
    each = UsageCounts(
        **dict.fromkeys(["videos", "images", "video_analyses", "image_analyses", "summaries"], 2),
        **dict.fromkeys(["media_ms", "analyzed_ms", "summarized_ms"], 5_000),
        **dict.fromkeys(["named_persons", "unnamed_persons"], 2),
    )
    text = 'currency = "KRW"\n[[prices]]\nof = "{}"\nper = "{}"\nprice = 1\n'
    cost = PriceList.read(written(tmp_path, "p.toml", text.format(of, "each"))).cost(each)
    assert cost.total in {2, 4}
    timed = written(tmp_path, "p.toml", text.format(of, "second"))
    if of in TIMED:
        assert PriceList.read(timed).cost(each).total == 5
    else:
        with pytest.raises(InvalidArgumentError, match=f"price 1: per must be one of each for {of}, got 'second'"):
            PriceList.read(timed)


def test_the_largest_amounts_are_exact(tmp_path: Path) -> None:
    text = 'currency = "KRW"\ndecimals = 6\n[[prices]]\nof = "image"\nprice = "1000000000"\n'
    cost = PriceList.read(written(tmp_path, "p.toml", text)).cost(UsageCounts(images=10**12))
    assert cost.total == Decimal(10**21)


ROW = 'currency = "KRW"\n[[prices]]\nof = "image"\n'


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("p.xlsx", "", "a price list is a .toml, .json or .csv file"),
        ("p", "", "a price list is a .toml, .json or .csv file"),
        ("p.toml", "", "give a currency, such as currency"),
        ("p.toml", 'currency = ""', "give a currency"),
        ("p.toml", 'currency = "a\\u001b[2J"', "give a currency"),
        ("p.toml", 'currency = "KRW"', "there is no price"),
        ("p.toml", 'currency = "KRW"\nprices = 5', "there is no price"),
        ("p.toml", 'currency = "KRW"\nprices = [5]', "price 1: of must be one of analysis, video_analysis"),
        ("p.toml", "currency = ", "not a price list: Invalid value"),
        ("p.json", "[", "not a price list: Expecting value"),
        ("p.json", "[]", "give a currency"),
        ("p.toml", ROW, "price 1: price must be a number from 0 to 1,000,000,000 such as 12.50, got 'None'"),
        ("p.toml", f"{ROW}price = true", "price must be a number"),
        ("p.toml", f"{ROW}price = nan", "price must be a number"),
        ("p.toml", f"{ROW}price = -1", "price must be a number"),
        ("p.toml", f"{ROW}price = 1e10", "price must be a number"),
        ("p.toml", f'{ROW}price = "1,200"', "price must be a number"),
        ("p.toml", f'{ROW}price = "12원"', "got '12원'"),
        ("p.toml", f"{ROW}price = 1\n[[prices]]\nof = 'image'\nprice = 2", "price 2: image has a price already"),
        ("p.toml", f"{ROW}price = 1\n[[prices]]\nof = 'asset'\nprice = 2", "price 2: asset and image have something"),
        ("p.toml", f"decimals = 7\n{ROW}price = 1", "decimals must be 0 to 6, got 7"),
        ("p.toml", f"decimals = true\n{ROW}price = 1", "decimals must be 0 to 6"),
        ("p.toml", f'{ROW}price = 1\nper = "day"', "per must be one of each for image, got 'day'"),
        ("p.csv", "of,price,currency\nimage,1,KRW\nvideo,1,USD\n", "one currency for all prices, not KRW and USD"),
        ("p.csv", "of,price\nimage,1\n", "give a currency"),
        ("p.csv", "", "give a currency"),
        ("p.csv", "x" * (LARGEST + 1), "a price list has at most 1,000,000 bytes"),
    ],
)
def test_what_is_no_price_is_refused_with_its_place(name: str, text: str, said: str, tmp_path: Path) -> None:
    path = written(tmp_path, name, text)
    with pytest.raises(InvalidArgumentError) as failure:
        PriceList.read(path)
    assert said in str(failure.value)
    assert str(failure.value).startswith(str(path))
    assert "\x1b" not in str(failure.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match=r"none\.toml: No such file or directory"):
        PriceList.read(tmp_path / "none.toml")
    (tmp_path / "latin.csv").write_bytes("of,price\n\xe9,1\n".encode("latin-1"))
    with pytest.raises(InvalidArgumentError, match="not a price list: 'utf-8' codec"):
        PriceList.read(tmp_path / "latin.csv")


@pytest.mark.parametrize(
    ("whole", "part"), [("analysis", "video_analysis"), ("asset", "video"), ("person", "named_person")]
)
def test_nothing_is_charged_twice(whole: str, part: str) -> None:
    for things in ((whole, part), (part, whole)):
        with pytest.raises(InvalidArgumentError, match=f"{things[1]} and {things[0]} have something in common"):
            PriceList("KRW", [Price(thing, "each", Decimal(1)) for thing in things])
    apart = [Price(thing, "each", Decimal(1)) for thing in COUNTED if thing not in {"analysis", "asset", "person"}]
    assert PriceList("KRW", apart).cost(UsageCounts(videos=1, video_analyses=1)).total == 2
