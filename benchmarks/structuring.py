"""From JSON bytes to models: this package against a construction written by hand.

Both sides read the same bytes into the same frozen attrs models, ours with every check (types, unknown members, other
spellings), the other with orjson and one keyword call for each object, no check, reading only the members that this
answer holds. The two take turns within one process; each side's time is the least of all turns, so that neither other
programs nor a warm-up count, and only the ratio is a result. Run it by ``python benchmarks/structuring.py``.
"""

import gc
from collections.abc import Callable
from time import perf_counter
from typing import Any

import orjson
from harness import scaled

from mi_async._core import convert
from mi_async.api.person_tags import PersonTag
from mi_async.api.persons import Person, PersonThumbnail
from mi_async.api.thumbnails import PresignedUrl, UploadCheck, UploadStatus
from mi_async.models import Page

TURNS = scaled(15)
GOAL = 1.35
"""For the page of 100 persons."""
Read = Callable[[bytes], Any]
URL = "https://kr.object.ncloudstorage.com/mi-thumbnails/{0}.jpg?X-Amz-Expires=900&X-Amz-Signature={0:064x}"


def a_person(number: int) -> dict[str, Any]:
    first = 10 * number
    return {
        "personId": number,
        "name": f"Person {number}",
        "description": f"Anchor of programme {number}",
        "tags": [{"id": i, "name": f"Tag {i}"} for i in range(first, first + 4)],
        "thumbnails": [
            {"id": i, "url": URL.format(i), "isPrimaryThumbnail": i == first} for i in range(first, first + 3)
        ],
    }


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


def microseconds(read: Read, body: bytes, calls: int) -> float:
    start = perf_counter()
    for _ in range(calls):
        read(body)
    return (perf_counter() - start) / calls * 1e6


def compare(title: str, kind: Any, by_hand: Read, value: Any, calls: int) -> float:
    body, read = orjson.dumps(value), ours(kind)
    assert read(body) == by_hand(body)
    package: list[float] = []
    hand: list[float] = []
    for _ in range(TURNS):
        package.append(microseconds(read, body, calls))
        hand.append(microseconds(by_hand, body, calls))
    ratio = min(package) / min(hand)
    print(f"{title:24} {min(package):8.2f} us   by hand {min(hand):8.2f} us   ratio {ratio:.2f}")
    return ratio


def main() -> None:
    page = {
        "content": [a_person(number) for number in range(100)],
        "totalCount": 100,
        "totalPage": 1,
        "pageNo": 1,
        "pageSize": 100,
    }
    gc.freeze()
    ratio = compare("page of 100 persons", Page[Person], page_by_hand, page, scaled(50))
    small = {"thumbnailKey": "0123456789abcdef", "url": URL.format(1), "expirationSeconds": 900}
    compare("presigned URL", PresignedUrl, url_by_hand, small, scaled(20_000))
    done = {"uploadStatus": "COMPLETED", "uploadMessage": None}
    compare("completion check", UploadCheck, check_by_hand, done, scaled(20_000))
    print(f"goal for the page: at most {GOAL:.2f}, {'met' if ratio <= GOAL else 'missed'}")


if __name__ == "__main__":
    main()
