"""From JSON bytes to models: this package against a construction written by hand.

Both sides read the same bytes into the same frozen attrs models, ours with every check (types, unknown members, other
spellings), the other with orjson and one keyword call for each object, no check, reading only the members that this
answer holds. The two take turns within one process; the figure is the median of the ratios of neighbours.
"""

import asyncio
import gc
import itertools
import statistics
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import orjson
import samples
from harness import CLIENT_CORE, Ratio, Series, options, pin, ratio, scaled, take_turns
from results import Table, finish

from mi_async._core import convert
from mi_async.api.person_tags import PersonTag
from mi_async.api.persons import Person, PersonThumbnail
from mi_async.api.thumbnails import PresignedUrl, UploadCheck, UploadStatus
from mi_async.models import Page

Read = Callable[[bytes], Any]
VARIED = 16
"""Bodies of each kind, so that no side reads the same one again and again."""


def page_by_hand(body: bytes) -> Page[Person]:
    page = orjson.loads(body)
    return Page(
        content=tuple(
            [
                Person(
                    id=person["personId"],
                    name=person.get("name"),
                    description=person.get("description"),
                    tags=tuple([PersonTag(id=tag["id"], name=tag["name"]) for tag in person["tags"]]),
                    thumbnails=tuple(
                        [
                            PersonThumbnail(id=t["id"], url=t["url"], is_primary_thumbnail=t["isPrimaryThumbnail"])
                            for t in person["thumbnails"]
                        ]
                    ),
                )
                for person in page["content"]
            ]
        ),
        total_count=page["totalCount"],
        total_page=page["totalPage"],
        page_no=page["pageNo"],
        page_size=page["pageSize"],
    )


def url_by_hand(body: bytes) -> PresignedUrl:
    value = orjson.loads(body)
    return PresignedUrl(
        thumbnail_key=value["thumbnailKey"], url=value["url"], expiration_seconds=value["expirationSeconds"]
    )


def check_by_hand(body: bytes) -> UploadCheck:
    value = orjson.loads(body)
    return UploadCheck(upload_status=UploadStatus(value["uploadStatus"]), upload_message=value["uploadMessage"])


def ours(kind: Any) -> Read:
    build = convert.structurer(kind)
    return lambda body: build(convert.loads(body))


async def timed(read: Read, bodies: list[bytes], calls: int) -> float:
    """Return CPU microseconds of a body."""
    given = list(itertools.islice(itertools.cycle(bodies), calls))
    before = time.process_time()
    for body in given:
        read(body)
    return (time.process_time() - before) / calls * 1e6


def compare(kind: Any, by_hand: Read, values: list[Any], calls: int, turns: int) -> Series:
    bodies, read = [orjson.dumps(value) for value in values], ours(kind)
    assert all(read(body) == by_hand(body) for body in bodies)
    sides = {"ours": read, "hand": by_hand, "again": by_hand}
    blocks: dict[str, Callable[[], Awaitable[float]]] = {
        name: partial(timed, side, bodies, calls) for name, side in sides.items()
    }
    return asyncio.run(take_turns(blocks, turns))


def main() -> None:
    given = options(__doc__, repetitions=41).parse_args()
    pin(CLIENT_CORE)
    gc.freeze()
    numbers = range(1, VARIED + 1)
    checks = [{"uploadStatus": "COMPLETED", "uploadMessage": None}]
    pages = [samples.page(number, 100, 10_000) for number in numbers]
    kinds: dict[str, tuple[str, Any, Read, list[Any], int]] = {
        "page": ("page of 100 persons", Page[Person], page_by_hand, pages, scaled(20)),
        "url": ("presigned URL", PresignedUrl, url_by_hand, [samples.presigned(n) for n in numbers], scaled(4_000)),
        "check": ("completion check", UploadCheck, check_by_hand, checks, scaled(4_000)),
    }
    rows, figures = [], dict[str, float]()
    for name, (title, kind, by_hand, values, calls) in kinds.items():
        series = compare(kind, by_hand, values, calls, given.reps)
        compared: Ratio = ratio(series, "ours", "hand")
        figures |= {name: compared.median, f"{name}.us": statistics.median(series["ours"])}
        us = [f"{statistics.median(series[side]):.2f}" for side in ("hand", "ours")]
        rows.append([title, *us, str(compared), str(ratio(series, "again", "hand"))])
    head = ["", "by hand us", "us", "x by hand (quartiles)", "A/A"]
    finish(given.json, figures, Table("JSON bytes to models", head, rows))


if __name__ == "__main__":
    main()
