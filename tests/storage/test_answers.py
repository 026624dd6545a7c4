"""A storage that is almost S3, and proxies that answer in its place: nothing but our own errors comes of it."""

from collections.abc import Callable
from typing import Any

import pytest

from mi_async.errors import MIError, PermissionDeniedError, ResponseError, error_class
from mi_async.storage.listing import Walk
from mi_async.storage.models import Prefix
from mi_async.storage.responses import ObjectHead, head_of, parts_of
from tests.support.canned import DROP, Play, canned, http
from tests.support.cases import sampled
from tests.support.storage_calls import CALLS, PLACE
from tests.support.uploading import opened


def xml(body: str | bytes, status: str = "200 OK") -> bytes:
    return http(body, status=status, kind="application/xml")


UNLENGTHED = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
HTML = "<!DOCTYPE html><html><head><title>Sign in</title></head><body><p>Please sign in<br></body></html>"
BOMB = (
    '<!DOCTYPE r [<!ENTITY a "aaaaaaaaaaaaaaaaaaaa">'
    + "".join(f'<!ENTITY {"abcdefghij"[n]} "{("&" + "abcdefghij"[n - 1] + ";") * 20}">' for n in range(1, 9))
    + "]><ListBucketResult><Name>&i;</Name></ListBucketResult>"
)
MALFORMED: dict[str, Play] = {
    "nothing": DROP,
    "an empty success": xml(""),
    "no length": UNLENGTHED,
    "a success without content": b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n",
    "a page": http(HTML, kind="text/html"),
    "a page that is XML": http("<html><body><p>Please sign in</p></body></html>", kind="text/html"),
    "another document": xml('<?xml version="1.0"?><Result xmlns="urn:x"><Thing/></Result>'),
    "cut off": xml('<?xml version="1.0"?><ListBucketResult><Contents><Key>in/a.mp4</K'),
    "shorter than it says": http("<ListBucketResult>", kind="application/xml", length=5000),
    "an error in a success": xml("<Error><Code>InternalError</Code><Message>Try again.</Message></Error>"),
    "an error without members": xml("<Error/>", "500 Internal Server Error"),
    "an error without a body": xml("", "500 Internal Server Error"),
    "an error in HTML": http(HTML, status="502 Bad Gateway", kind="text/html"),
    "an error in JSON": http('{"code": 7}', status="400 Bad Request"),
    "a teapot": xml("", "418 I'm a teapot"),
    "a status of its own": xml("", "799 Odd"),
    "not HTTP": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    "a size that is none": b"HTTP/1.1 200 OK\r\nContent-Length: many\r\nConnection: close\r\n\r\n",
    "a negative size": b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\nConnection: close\r\n\r\n",
    "a time that is none": b"HTTP/1.1 200 OK\r\nLast-Modified: so\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    "members of other types": xml(
        "<R><IsTruncated>perhaps</IsTruncated><UploadId/><Contents><Key/><Size>x</Size></Contents>"
        "<Part><PartNumber>one</PartNumber><Size>-1</Size></Part></R>"
    ),
    "members within members": xml(
        "<R><UploadId><A/></UploadId><Contents><Contents/></Contents><Part><Part/></Part></R>"
    ),
    "no UTF-8": xml(b'<?xml version="1.0" encoding="UTF-8"?><R><UploadId>\xff\xfe</UploadId></R>'),
    "an unknown encoding": xml('<?xml version="1.0" encoding="x-none"?><R/>'),
    "entities without end": xml(BOMB),
    "a redirect to nowhere": b"HTTP/1.1 307 X\r\nLocation: http://[\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
}
"""What may come back instead of an answer of S3."""


@pytest.mark.parametrize("malformed", sampled(MALFORMED, 5))
async def test_no_foreign_error_comes_of_an_odd_answer(malformed: str) -> None:
    surely_wrong, said = {"begin", "objects", "read"}, list[str]()
    async with canned(MALFORMED[malformed]) as server, opened(server.url, attempts=1) as store:
        for name, call in CALLS.items():
            server.received.clear()
            try:
                found = await call(store)
            except MIError as error:
                said.append(str(error))
            else:
                assert name not in surely_wrong, (name, found)
            assert server.received, name
        assert all(0 < len(one) < 1000 for one in said)


async def test_an_empty_head_is_an_object_of_no_bytes_only_if_it_says_so() -> None:
    plays = {"no length": UNLENGTHED, "nothing": DROP}
    for play in plays.values():
        async with canned(play) as server, opened(server.url, attempts=1) as store:
            with pytest.raises(MIError):
                await store.head(PLACE)
    async with canned(http(b"")) as server, opened(server.url, attempts=1) as store:
        assert await store.head(PLACE) == ObjectHead(0, "")


@pytest.mark.parametrize("answer", [{}, {"ContentLength": "5"}, {"ContentLength": -1}, {"ContentLength": True}])
def test_an_object_without_a_size_is_none(answer: dict[str, Any]) -> None:
    with pytest.raises(ResponseError, match="the answer of the storage has no ContentLength"):
        head_of(answer)


def test_what_a_head_tells() -> None:
    weak = {"ContentLength": 5, "ETag": 'W/"AB-c"', "Metadata": {"Mi-Async-File": "x"}, "PartsCount": 2}
    assert head_of(weak) == ObjectHead(5, "ab-c", metadata={"mi-async-file": "x"}, tag='W/"AB-c"', parts=2)
    assert head_of({"ContentLength": 5, "SSECustomerAlgorithm": "AES256"}).opaque
    assert head_of({"ContentLength": 5, "ETag": None, "LastModified": "x", "Metadata": 7}) == ObjectHead(5, "")
    assert parts_of({"Parts": [{"PartNumber": 1, "Size": 5}, {"PartNumber": 2}, None, {}]}) == {1: ObjectHead(5, "")}
    assert parts_of({"Parts": "many"}) == {}


def entry(key: str) -> dict[str, Any]:
    return {"Key": key, "Size": 1}


def listing(*pages: Any) -> tuple[Walk, list[tuple[str, dict[str, Any]]]]:
    """A walk over answers in memory, and what it asked."""
    asked: list[tuple[str, dict[str, Any]]] = []
    left = list(pages)

    async def ask(operation: str, **parameters: Any) -> Any:
        asked.append((operation, parameters))
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, Exception):
            raise answer
        return answer(parameters) if callable(answer) else answer

    return Walk(ask, Prefix("footage", "in/")), asked


async def keys(walk: Walk) -> list[str]:
    return [one.key async for one in walk.objects()]


async def test_a_listing_in_version_2() -> None:
    walk, asked = listing(
        {"IsTruncated": True, "NextContinuationToken": "t1", "Contents": [entry("in/b"), entry("in/a")]},
        {"IsTruncated": True, "NextContinuationToken": "t2", "Contents": []},
        {"IsTruncated": False, "Contents": [entry("in/c")]},
    )
    assert await keys(walk) == ["in/b", "in/a", "in/c"]
    assert asked == [
        ("list_objects_v2", {}),
        ("list_objects_v2", {"ContinuationToken": "t1"}),
        ("list_objects_v2", {"ContinuationToken": "t2"}),
    ]


async def test_a_storage_that_ignores_version_2_is_listed_in_version_1() -> None:
    walk, asked = listing(
        {"IsTruncated": True, "Contents": [entry("in/b"), entry("in/나"), entry("in/a")]},
        {"IsTruncated": True, "NextMarker": "in/z", "Contents": [entry("in/나"), entry("in/z")]},
        {"IsTruncated": False, "Contents": [entry("in/z"), entry("out/z")]},
    )
    assert await keys(walk) == ["in/b", "in/나", "in/a", "in/z"]
    assert asked == [
        ("list_objects_v2", {}),
        ("list_objects", {"Marker": "in/나"}),
        ("list_objects", {"Marker": "in/z"}),
    ]


def refused(status: int, code: str) -> MIError:
    return error_class(status, code)(status, code, "no", operation="storage")


@pytest.mark.parametrize(
    ("status", "code"), [(501, "NotImplemented"), (400, "InvalidArgument"), (405, "MethodNotAllowed"), (400, "")]
)
async def test_a_storage_that_refuses_version_2_is_listed_in_version_1(status: int, code: str) -> None:
    walk, asked = listing(refused(status, code), {"IsTruncated": False, "Contents": [entry("in/a")]})
    assert await keys(walk) == ["in/a"]
    assert [operation for operation, _ in asked] == ["list_objects_v2", "list_objects"]


@pytest.mark.parametrize(("status", "code"), [(403, "AccessDenied"), (404, "NoSuchBucket"), (503, "SlowDown")])
async def test_other_refusals_are_none_of_the_version(status: int, code: str) -> None:
    walk, asked = listing(refused(status, code))
    with pytest.raises(MIError, match=r"no \(HTTP"):
        await keys(walk)
    assert len(asked) == 1


async def test_a_page_that_is_refused_later_is_refused() -> None:
    first = {"IsTruncated": True, "NextContinuationToken": "t1", "Contents": [entry("in/a")]}
    walk, _ = listing(first, refused(400, "InvalidArgument"))
    with pytest.raises(MIError, match="InvalidArgument"):
        await keys(walk)


def cycle(number: int) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Pages that come again after so many."""
    at = -1

    def page(_parameters: dict[str, Any]) -> dict[str, Any]:
        nonlocal at
        at = (at + 1) % number
        return {"IsTruncated": True, "NextContinuationToken": f"t{at}", "Contents": [entry(f"in/{at}")]}

    return page


ENDLESS: dict[str, Any] = {
    "no way on": {"IsTruncated": True},
    "an empty token": {"IsTruncated": True, "NextContinuationToken": ""},
    "one page for ever": {"IsTruncated": True, "NextContinuationToken": "t", "Contents": [entry("in/a")]},
    "no object for ever": lambda parameters: {
        "IsTruncated": True,
        "NextContinuationToken": parameters.get("ContinuationToken", "") + "x",
    },
    "one marker for ever": {"IsTruncated": True, "Contents": [entry("in/a"), entry("in/b")]},
    "pages in a circle": cycle(5),
    "pages in a larger circle": cycle(100),
}


@pytest.mark.parametrize("pages", ENDLESS)
async def test_a_listing_without_end_is_left(pages: str) -> None:
    walk, asked = listing(ENDLESS[pages])
    with pytest.raises(ResponseError, match="the listing of s3://footage/in/ cannot be gone through: the storage"):
        await keys(walk)
    assert len(asked) <= 400


async def test_keys_with_odd_characters() -> None:
    odd = ["in/a b", "in/a+b", "in/100%", "in/뉴스&<>", "in/%2F", "in/tab\x0b"]
    coded = ["in/a+b", "in/a%2Bb", "in/100%25", "in/%EB%89%B4%EC%8A%A4%26%3C%3E", "in/%252F", "in/tab%0B"]
    contents = "".join(f"<Contents><Key>{key}</Key><Size>1</Size></Contents>" for key in coded)
    body = (
        '<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>{contents}</ListBucketResult>"
    )
    async with canned(xml(body)) as server, opened(server.url, attempts=1) as store:
        assert [one.key async for one in store.objects("footage", "in/")] == odd
        assert "encoding-type=url" in server.request_lines[0]


BARE = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
EMPTY = xml("<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>")


def error(code: str, status: str = "403 Forbidden", message: str = "No.") -> bytes:
    return xml(f"<Error><Code>{code}</Code><Message>{message}</Message><RequestId>r-1</RequestId></Error>", status)


async def test_403_for_an_object_that_a_listing_does_not_have_means_that_it_is_missing() -> None:
    async with canned(BARE, EMPTY) as server, opened(server.url, attempts=1) as store:
        assert await store.head(PLACE) is None
        assert [line.partition(" ")[0] for line in server.request_lines] == ["HEAD", "GET"]


async def test_403_for_an_object_that_is_there_is_a_permission_that_is_missing() -> None:
    entry_ = f"<Contents><Key>{PLACE.key}</Key><Size>1</Size></Contents>"
    listed = xml(f"<ListBucketResult><IsTruncated>false</IsTruncated>{entry_}</ListBucketResult>".encode())
    async with canned(BARE, listed) as server, opened(server.url, attempts=1) as store:
        with pytest.raises(PermissionDeniedError) as caught:
            await store.head(PLACE)
    assert f"the key needs s3:GetObject on {PLACE}, or a lock or policy of the bucket forbids it" in str(caught.value)
    assert caught.value.stored_object == str(PLACE)


async def test_403_without_the_right_to_list_says_what_it_may_mean() -> None:
    async with canned(BARE, error("AccessDenied")) as server, opened(server.url, attempts=1) as store:
        with pytest.raises(PermissionDeniedError) as caught:
            await store.head(PLACE)
    said = str(caught.value)
    assert said.endswith("; or there is no such object, which only s3:ListBucket on footage tells")
    assert "s3:GetObject" in said


REASONS = {
    "InvalidAccessKeyId": "the storage does not know the access key: is it a key of this account and region?",
    "SignatureDoesNotMatch": "the secret key does not belong to the access key, or a proxy changed the request",
}


@pytest.mark.parametrize("code", REASONS)
async def test_a_bare_refusal_is_asked_for_its_reason(code: str) -> None:
    async with canned(BARE, error(code)) as server, opened(server.url, attempts=1) as store:
        with pytest.raises(MIError) as caught:
            await store.head(PLACE)
        assert len(server.received) == 2
    assert f"No.; {REASONS[code]} (HTTP 403, code {code}) [request r-1]" in str(caught.value)


async def test_words_of_a_storage_are_escaped_and_cut() -> None:
    loud = error("Odd", "400 Bad Request", "\x1b[31m" + "long " * 500)
    async with canned(loud) as server, opened(server.url, attempts=1) as store:
        with pytest.raises(MIError) as caught:
            await store.begin(PLACE, {})
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 600
