"""Uploads to a place that no file may be sent to: one presign, and nothing after it."""

import json

import pytest

from mi_async.errors import MIError, ResponseError
from tests.support.canned import canned, http, success
from tests.support.pictures import picture
from tests.support.talking import QUERY, talking

REDIRECT = "HTTP/1.1 {status} x\r\nLocation: {url}/b.jpg\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_of_a_put_is_not_followed_and_not_tried_again(status: int) -> None:
    async with canned(http()) as other, canned(REDIRECT.format(status=status, url=other.url).encode()) as storage:
        issued = success(json.dumps({"thumbnailKey": "k", "url": f"{storage.url}/a.jpg{QUERY}"}))
        async with talking(issued, retry=None) as (session, api):
            with pytest.raises(ResponseError, match=f"HTTP {status}, a redirect to 127.0.0.1; it is not") as caught:
                await session.workspace("newsroom").upload_thumbnail(1, picture("jpg"))
        assert caught.value.status == status
        assert (len(api.received), len(storage.received), len(other.received)) == (1, 1, 0)


@pytest.mark.parametrize("url", ["ftp://bucket.example/a.jpg", "http://user:p4ss@bucket.example/a.jpg", "nowhere"])
async def test_a_presigned_url_that_is_refused_is_not_asked_for_again(url: str) -> None:
    issued = success(json.dumps({"thumbnailKey": "k", "url": url + QUERY}))
    async with talking(issued, retry=None) as (session, api):
        with pytest.raises(ResponseError, match="the presigned URL") as caught:
            await session.workspace("newsroom").upload_thumbnail(1, picture("jpg"))
    assert isinstance(caught.value, MIError)
    assert "p4ss" not in str(caught.value)
    assert len(api.received) == 1
