"""Who may see the page and use its forms: this machine, under its own name, from the page itself."""

import re
from collections.abc import Mapping
from urllib.parse import urlencode

import pytest
from attrs import evolve

from mi_async import emulator
from mi_async.emulator import Control, Fault, Rejection, Settings
from mi_async.emulator.access import page_url
from mi_async.emulator.control import ROUTES as CONTROL_ROUTES
from mi_async.emulator.page_paths import ROUTES, is_page
from tests.support.raw import PERSONS, QUICK, Answer, Raw, emulated

PARTS = ("/_emulator/page/page.css", "/_emulator/page/page.js", "/_emulator/page/icon.svg")
EVENTS = "/_emulator/page/live/events"
EVERYWHERE = "0.0.0.0"  # noqa: S104  what is tested


async def get(raw: Raw, path: str = "/", **headers: str) -> Answer:
    return await raw.send("GET", raw.server.url + path, headers={k.replace("_", "-"): v for k, v in headers.items()})


async def token(raw: Raw, **headers: str) -> str:
    (found,) = set(re.findall(r'name="token" value="([^"]+)"', (await get(raw, **headers)).body.decode()))
    return str(found)


async def post(raw: Raw, command: str, fields: Mapping[str, object], query: str = "", **headers: str) -> Answer:
    named = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Sec-Fetch-Site": "same-origin",
        **{name.replace("_", "-"): value for name, value in headers.items() if value},
    }
    if headers.get("Sec_Fetch_Site") == "":
        del named["Sec-Fetch-Site"]
    url = f"{raw.server.url}/_emulator/page/{command}{query}"
    return await raw.send("POST", url, data=urlencode(fields), headers=named, allow_redirects=False)


async def test_each_answer_has_the_headers_that_keep_others_out() -> None:
    async with emulated() as raw:
        for path in ("/", *PARTS):
            answer = await get(raw, path)
            policy = answer.headers["Content-Security-Policy"]
            assert (answer.status, "default-src 'none'" in policy, "frame-ancestors 'none'" in policy) == (
                200,
                True,
                True,
            )
            assert "unsafe" not in policy
            assert "data:" not in policy
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Referrer-Policy"] == "no-referrer"
            assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
            assert answer.headers["Cache-Control"] == "no-store"
        assert (await get(raw, "/_emulator/page/handlers.py")).status == 404
        assert raw.server.credentials.secret_key not in (await get(raw)).body.decode()
        assert raw.server.changes == 0


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "attacker.example"},
        {"Host": "127.0.0.1.attacker.example:8080"},
        {"Host": "emulator"},
        {"Host": "192.0.2.7"},
        {"X_Forwarded_For": "192.0.2.7"},
    ],
)
async def test_another_name_sees_nothing(headers: Mapping[str, str]) -> None:
    async with emulated() as raw:
        for path in ("/", *PARTS, EVENTS, "/_emulator/page/images/newsroom/1/1"):
            answer = await get(raw, path, **headers)
            assert (answer.status, b"<html" in answer.body) == (403, False)
        given = await token(raw)
        assert (await post(raw, "reset", {"token": given}, **headers)).status == 403
        assert raw.server.changes == 0


async def test_another_site_gets_no_part() -> None:
    async with emulated() as raw:
        for path in (*PARTS, EVENTS, "/_emulator/page/images/newsroom/1/1"):
            for site in ("cross-site", "same-site"):
                assert (await get(raw, path, Sec_Fetch_Site=site)).status == 403
        assert (await get(raw, Sec_Fetch_Site="cross-site")).status == 200  # a link to the page


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec_Fetch_Site": "same-origin", "Origin": "null"}, 303),  # a plain form with no-referrer
        ({"Sec_Fetch_Site": "same-origin", "Origin": "{url}"}, 303),
        ({"Sec_Fetch_Site": "", "Origin": "{url}"}, 303),  # an address that does not count as secure
        ({"Sec_Fetch_Site": "", "Origin": "null"}, 403),
        ({"Sec_Fetch_Site": ""}, 403),
        ({"Sec_Fetch_Site": "same-site", "Origin": "http://localhost:3000"}, 403),
        ({"Sec_Fetch_Site": "cross-site", "Origin": "null"}, 403),
        ({"Sec_Fetch_Site": "none"}, 403),
        ({"Sec_Fetch_Site": "same-origin", "Origin": "https://attacker.example"}, 403),
    ],
)
async def test_only_the_page_itself_sends_its_forms(headers: Mapping[str, str], status: int) -> None:
    async with emulated() as raw:
        given = await token(raw)
        told = {name: value.format(url=raw.server.url) for name, value in headers.items()}
        assert (await post(raw, "reset", {"token": given}, **told)).status == status
        assert raw.server.changes == (status == 303)


async def test_forms_need_the_token_and_the_form() -> None:
    async with emulated() as raw:
        given = await token(raw)
        for wrong in ("", "x", given[:-1], given + "x", "\u3042"):
            assert b"load it again" in (await post(raw, "reset", {"token": wrong})).body
        assert (await post(raw, "reset", {"token": given}, Content_Type="text/plain")).status == 403
        assert (await post(raw, "reset", {"token": given, "more": "x" * 20_000})).status == 403
        assert (await post(raw, "state", {"token": given})).status == 404
        assert (await get(raw, "/_emulator/page/reset")).status == 404
        assert raw.server.changes == 0


async def test_a_form_does_what_the_control_does() -> None:
    async with emulated() as raw:
        given = await token(raw)
        asked = {"token": given, "place": "persons.list", "fault": "UNAVAILABLE", "times": "2"}
        answer = await post(raw, "faults.next", asked, "?lang=ko")
        assert (answer.status, answer.headers["Location"]) == (303, "/?lang=ko&done=faults.next#faults")
        assert "켰습니다." in (await get(raw, "/?lang=ko&done=faults.next")).body.decode()
        assert "<script" not in (await get(raw, "/?done=%3Cscript")).body.decode().partition("<body")[2]
        assert (await post(raw, "faults.next", asked | {"fault": "422-10072", "times": "1"})).status == 303
        assert list(raw.server.faults.waiting()) == [
            ("persons.list", Fault.UNAVAILABLE, 2),
            ("persons.list", Rejection(422, "10072"), 1),
        ]
        assert (await raw.call("GET", f"{PERSONS}?pageNum=1")).status == 503
        answer = await post(raw, "faults.clear", {"token": given}, Accept="application/json")
        assert (answer.status, answer.json) == (200, {"said": "All switched off."})
        assert list(raw.server.faults.waiting()) == []
        assert (await post(raw, "reset", {"token": given})).headers["Location"] == "/?done=reset#reset"
        assert raw.server.log.count("persons.list") == 0


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"place": "*", "fault": "400-10069"}, "is no operation"),
        ({"place": "persons.lisp"}, "did you mean persons.list"),
        ({"fault": "x"}, "no fault"),
        ({"fault": "200-1"}, "no documented error"),
        ({"fault": "4" * 5000 + "-1"}, "no fault"),
        ({"times": "0"}, "times must be"),
        ({"times": "1" * 30}, "times must be"),
    ],
)
async def test_what_cannot_be_switched_on_is_said_in_the_page(changed: Mapping[str, str], said: str) -> None:
    async with emulated() as raw:
        asked = {"token": await token(raw), "place": "persons.list", "fault": "DROP_AFTER", "times": "1", **changed}
        answer = await post(raw, "faults.next", asked)
        text = answer.body.decode()
        assert (answer.status, "Not done: " in text, said in text, "<h1>" in text) == (400, True, True, True)
        answer = await post(raw, "faults.next", asked, Accept="application/json")
        assert (answer.status, said in answer.json["said"]) == (400, True)
        assert list(raw.server.faults.waiting()) == []


async def test_at_other_interfaces_it_is_shown_only_if_told() -> None:
    for control, status in ((Control.LOOPBACK, 403), (Control.OFF, 404), (Control.ANYWHERE, 200)):
        settings = evolve(QUICK, control=control, public_url="https://mi.example.com")
        async with emulator.serve(EVERYWHERE, settings=settings) as server, emulated() as raw:
            other = Raw(raw.http, server)
            assert (await get(other)).status == status
            if control is Control.ANYWHERE:
                for host in ("emulator:8080", "192.0.2.7", "mi.example.com"):
                    assert (await get(other, Host=host)).status == 200
                assert (await get(other, Host="attacker.example")).status == 403
                given = {"token": await token(other)}
                told = {"Sec_Fetch_Site": "", "Host": "emulator:8080"}
                assert (await post(other, "reset", given, Origin="http://emulator:8080", **told)).status == 303
                assert (await post(other, "reset", given, Origin="https://mi.example.com", **told)).status == 303
                assert (await post(other, "reset", given, Origin="http://emulator:8081", **told)).status == 403


@pytest.mark.parametrize(
    ("host", "control", "public", "address"),
    [
        ("127.0.0.1", Control.LOOPBACK, None, "http://127.0.0.1:1/"),
        ("127.0.0.1", Control.LOOPBACK, "https://mi.example.com", "http://127.0.0.1:1/"),
        ("127.0.0.1", Control.OFF, None, None),
        (EVERYWHERE, Control.LOOPBACK, None, None),
        (EVERYWHERE, Control.ANYWHERE, None, "http://127.0.0.1:1/"),
        (EVERYWHERE, Control.ANYWHERE, "https://mi.example.com/", "https://mi.example.com/"),
    ],
)
def test_where_a_browser_may_see_it(host: str, control: Control, public: str | None, address: str | None) -> None:
    assert page_url(host, "http://127.0.0.1:1", Settings(control=control, public_url=public)) == address


async def test_without_control_there_is_no_page() -> None:
    async with emulated(evolve(QUICK, control=Control.OFF)) as raw:
        assert (await get(raw)).refusal == (404, "300")


def test_control_and_page_have_paths_of_their_own() -> None:
    assert all(is_page(path) for _, path in ROUTES.values())
    assert not any(is_page(path) for _, path in CONTROL_ROUTES.values())
