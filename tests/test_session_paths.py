"""An operation that the service has moved is found at its new path, without a release."""

import pytest

import mi_async
from mi_async._core.http_messages import Request
from mi_async._core.signing import Verdict, verify
from mi_async.errors import ConfigError, ResponseError
from tests.support.canned import success
from tests.support.talking import KEYS, asked, talking

PRESIGN = "/workspaces/{workspace_name}/person-thumbnail/presign"
ISSUED = success('{"thumbnailKey": "k", "url": "https://host/x"}')


@pytest.mark.parametrize("path", [PRESIGN, f"/api/v1{PRESIGN}"])
async def test_an_operation_at_another_path_is_signed_with_it(path: str) -> None:
    async with talking(ISSUED, paths={"thumbnails.presign": path}) as (session, server):
        newsroom = session.workspace("뉴스 room")
        assert (await newsroom.thumbnails.presign("a.jpg")).thumbnail_key == "k"
        assert (await mi_async.raw(newsroom.thumbnails.presign)("a.jpg")).parsed.thumbnail_key == "k"
        target = "/api/v1/workspaces/%EB%89%B4%EC%8A%A4%20room/person-thumbnail/presign"
        assert server.request_lines == [f"POST {target} HTTP/1.1"] * 2
        headers = dict(
            line.lower().split(": ", 1) if line.lower().startswith("x-ncp-iam") else line.split(": ", 1)
            for line in server.received[0].partition(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
        )
        given = {name.lower(): value for name, value in headers.items()}
        now = int(given["x-ncp-apigw-timestamp"]) / 1000
        assert verify(Request("POST", target), given, KEYS, now) is Verdict.OK
        with pytest.raises(ResponseError):  # another operation is where it was
            await asked(session)
        assert server.request_lines[2] == "GET /api/v1/workspaces/newsroom HTTP/1.1"


@pytest.mark.parametrize(
    ("paths", "says"),
    [
        ({"thumbnails.presing": PRESIGN}, "paths names unknown operations: thumbnails.presing"),
        ({"thumbnails.presign": "/person-thumbnail/presign"}, r"with \{workspace_name\}, got '/person-thumb"),
        (
            {"thumbnails.presign": f"{PRESIGN}/{{person_id}}"},
            r"must be like /api/v1/workspaces/\{workspace_name\}/pers",
        ),
        ({"thumbnails.presign": f"{PRESIGN}/{{workspace_name}}"}, "must be like"),
        ({"thumbnails.presign": PRESIGN[1:]}, "must be like"),
        ({"thumbnails.presign": f"{PRESIGN}?a=b"}, "must be like"),
        ({"thumbnails.presign": f"https://evil.example{PRESIGN}"}, "must be like"),
        ({"thumbnails.presign": f"/..{PRESIGN}"}, "must be like"),
        ({"thumbnails.presign": f"/.{PRESIGN}"}, "must be like"),
        ({"thumbnails.presign": f"/a//b{PRESIGN}"}, "must be like"),
        ({"thumbnails.presign": f"/a b{PRESIGN}"}, "must be like"),
        ({"thumbnails.presign": "/{workspace_name!r}"}, "must be like"),
        ({"thumbnails.presign": None}, "must be like"),
        ({"workspaces.all": "/x"}, "unknown operations"),
        ([("a", "b")], "paths must be a mapping from operation id to path, not list"),
    ],
)
def test_a_path_that_cannot_work_is_refused(paths: dict[str, str], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        mi_async.connect(KEYS, paths=paths)
