"""Downloads of stored images by their presigned URLs."""

import pytest

import mi_async
from mi_async import Hooks, ServiceCall
from mi_async.errors import MIError, ResponseError, SessionError, TimeoutError, TransportError  # noqa: A004  ours
from mi_async.media.image import MAX_BYTES
from tests.support.canned import DROP, SILENCE, Play, canned, http
from tests.support.newsroom import newsroom
from tests.support.pictures import picture
from tests.support.reports import told
from tests.support.talking import KEYS, QUERY

pytestmark = pytest.mark.usefixtures("leaves_nothing")

REDIRECT = b"HTTP/1.1 302 x\r\nLocation: http://x.example/?s3cr3t\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


async def fetched(play: Play, seconds: float | None = None) -> tuple[bytes, str]:
    """Return what a storage that plays this gives, and the request that it got."""
    async with canned(play) as storage, mi_async.connect(KEYS, base_url=storage.url) as session:
        url = f"{storage.url}/bucket/a%2Fb.jpg{QUERY}"
        content = await session.with_options(timeout=seconds).workspace("newsroom").download_image(url)
        return content, storage.received[0].decode()


@pytest.mark.parametrize("kind", ["jpg", "png", "webp"])
async def test_an_image_comes_as_it_is_and_nothing_of_ours_is_sent(kind: str) -> None:
    content, request = await fetched(http(picture(kind), kind="text/html"))  # what a storage calls it does not matter
    assert content == picture(kind)
    assert request.startswith(f"GET /bucket/a%2Fb.jpg{QUERY} HTTP/1.1\r\n")
    assert not [line for line in request.lower().split("\r\n") if line.startswith(("x-ncp", "cookie", "authorization"))]


FLAWS: dict[str, tuple[Play, type[MIError], str]] = {
    "html": (http("<script>alert(1)</script>", kind="image/png"), ResponseError, "not a jpg, png or webp"),
    "svg": (http('<svg xmlns="http://www.w3.org/2000/svg"/>', kind="image/svg+xml"), ResponseError, "not a jpg"),
    "only a header": (http(b"\xff\xd8\xff"), ResponseError, "not a jpg, png or webp image"),
    "empty": (http(b""), ResponseError, "not a jpg, png or webp image"),
    "large": (http(picture("jpg") + bytes(MAX_BYTES)), ResponseError, "no image: it is larger than 5.2 MB"),
    "expired": (http("<Error/>", status="403 Forbidden"), ResponseError, "the storage answered HTTP 403"),
    "redirect": (REDIRECT, ResponseError, "a redirect to x.example; it is not followed"),
    "cut": (http(picture("jpg")[:500], length=9000), ResponseError, "truncated"),
    "dropped": (DROP, TransportError, "Server disconnected"),
}


@pytest.mark.parametrize("flaw", FLAWS)
async def test_whatever_is_no_image_is_an_error_without_secrets(flaw: str) -> None:
    play, kind, said = FLAWS[flaw]
    with pytest.raises(kind) as caught:
        await fetched(play)
    assert said in str(caught.value)
    assert not caught.value.ambiguous
    assert not [secret for secret in ("s1gn4tur3", "s3cr3t", "X-Amz-") if secret in told(caught.value)]


async def test_silence_has_an_end() -> None:
    with pytest.raises(TimeoutError):
        await fetched(SILENCE, seconds=0.05)


async def test_hooks_are_told_and_a_closed_session_refuses() -> None:
    ended: list[ServiceCall] = []
    async with newsroom(hooks=Hooks(call_ended=[lambda call, _: ended.append(call)])) as news:
        person = await news.workspace.enroll_person("Hong", [picture("jpg")])
        url = person.thumbnails[0].url
        assert await news.workspace.download_image(url) == picture("jpg")
        (call,) = [call for call in ended if call.operation == "thumbnails.get"]
        assert (call.service, call.method, call.template) == ("upload", "GET", None)
    with pytest.raises(SessionError):
        await news.workspace.download_image(url)


async def test_an_emulated_url_expires_and_the_person_has_a_new_one() -> None:
    async with newsroom(speed=6000) as news:
        person = await news.workspace.enroll_person("Hong", [picture("jpg")])
        news.server.state.settings = mi_async.emulator.Settings(url_lifetime=0)
        old = (await news.workspace.persons.get(person.id)).thumbnails[0].url
        with pytest.raises(ResponseError, match="HTTP 403"):
            await news.workspace.download_image(old)
        news.server.state.settings = mi_async.emulator.Settings(url_lifetime=900_000)
        new = (await news.workspace.persons.get(person.id)).thumbnails[0].url
        assert await news.workspace.download_image(new) == picture("jpg")
