"""Answers opened: both error envelopes, what proxies send, and the documented codes row by row."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from multidict import CIMultiDict

from mi_async._core.envelope import EXCERPT, date, open_envelope, retry_after_seconds
from mi_async._core.http_messages import Response
from mi_async.errors import (
    APIError,
    AuthenticationError,
    CapacityError,
    ConflictError,
    InvalidRequestError,
    MIError,
    NotFoundError,
    PermissionDeniedError,
    QuotaError,
    ResponseError,
    ServerError,
)

# The vendor's tables of common response codes and of gateway errors, complete: status, code, and what it means to us.
SERVICE = [
    (400, "10001", InvalidRequestError),
    (400, "10014", InvalidRequestError),
    (400, "10016", InvalidRequestError),
    (400, "10023", InvalidRequestError),
    (400, "10027", InvalidRequestError),
    (400, "10033", InvalidRequestError),
    (400, "10041", InvalidRequestError),
    (400, "10046", InvalidRequestError),
    (400, "10048", NotFoundError),  # the Object Storage file does not exist, as its description says
    (400, "10069", InvalidRequestError),
    (400, "10072", InvalidRequestError),
    (400, "10073", InvalidRequestError),
    (400, "10074", InvalidRequestError),
    (400, "10075", InvalidRequestError),
    (400, "10077", InvalidRequestError),
    (400, "50003", NotFoundError),  # analyze result not exists
    (400, "50010", InvalidRequestError),
    (400, "50011", InvalidRequestError),
    (400, "50012", InvalidRequestError),
    (400, "50013", InvalidRequestError),
    (401, "10003", PermissionDeniedError),  # failed to check permissions: the key itself is good
    (404, "10010", NotFoundError),
    (404, "10025", NotFoundError),
    (404, "10030", NotFoundError),
    (404, "10038", ConflictError),  # unanalyzed assets can't be canceled: it is there, in the wrong state
    (404, "40002", NotFoundError),
    (409, "10026", ConflictError),
    (409, "10045", CapacityError),  # up to 1,000 items per workspace
    (409, "10049", InvalidRequestError),  # a name that is too long
    (409, "10062", ConflictError),
    (409, "10068", CapacityError),  # up to 500 items
    (409, "10076", InvalidRequestError),  # too many primary thumbnails
    (409, "20012", ConflictError),
    (409, "50005", ConflictError),
    (422, "10017", ConflictError),  # analyzing asset
    (422, "10072", InvalidRequestError),
    (500, "99999", ServerError),
]
GATEWAY = [
    (400, "100", InvalidRequestError),
    (401, "200", AuthenticationError),
    (401, "210", PermissionDeniedError),
    (404, "300", NotFoundError),
    (429, "400", QuotaError),
    (429, "410", QuotaError),
    (429, "420", QuotaError),
    (413, "430", InvalidRequestError),
    (503, "500", ServerError),
    (504, "510", ServerError),
    (500, "900", ServerError),
]
OTHERS = [
    (200, "99999", ServerError),
    (400, "99999", ServerError),
    (200, "10001", APIError),  # a success by its status alone: nothing that we know
    (403, "", PermissionDeniedError),
    (404, "", NotFoundError),
    (405, "", APIError),
    (418, "", APIError),
    (502, "", ServerError),
    (599, "whatever", ServerError),
]

XML = b'<?xml version="1.0"?><error><errorCode>210</errorCode><message>Permission Denied</message></error>'
HTML = b"<html>\n <head><title>502 Bad Gateway</title></head>\n</html>"


def answer(status: int, body: Any, **headers: str) -> Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status, CIMultiDict({name.replace("_", "-"): value for name, value in headers.items()}), content)


def refusal(response: Response) -> APIError:
    with pytest.raises(APIError) as caught:
        open_envelope(response, "persons.get")
    return caught.value


@pytest.mark.parametrize(("status", "code", "kind"), [*SERVICE, *OTHERS])
def test_service_errors(status: int, code: str, kind: type[APIError]) -> None:
    error = refusal(answer(status, {"code": code, "message": "As it is."}))
    assert type(error) is kind
    assert (error.status, error.code, error.message) == (status, code, "As it is.")
    assert error.operation == "persons.get"
    assert error.ambiguous is (kind is ServerError)


@pytest.mark.parametrize("as_integer", [False, True])
@pytest.mark.parametrize(("status", "code", "kind"), GATEWAY)
def test_gateway_errors(status: int, code: str, kind: type[APIError], *, as_integer: bool) -> None:
    members = {"errorCode": int(code) if as_integer else code, "message": "As it is.", "details": "More."}
    error = refusal(answer(status, {"error": members}))
    assert type(error) is kind
    assert (error.status, error.code, error.message) == (status, code, "As it is.")
    assert error.details == "More."


def test_service_codes_as_integers() -> None:
    error = refusal(answer(401, {"code": 10003, "message": "Failed to check permissions."}))
    assert (type(error), error.code) == (PermissionDeniedError, "10003")


def test_an_error_with_an_empty_gateway_part_is_read_by_its_flat_part() -> None:
    error = refusal(answer(409, {"code": "10045", "message": "Full.", "error": None}))
    assert (type(error), error.code, error.message) == (CapacityError, "10045", "Full.")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        HTML,
        XML,
        b'{"code":"10001","mess',
        b"\xff\xfe\x00\x01",
        b"null",
        b"[]",
        b'"no"',
        b"{}",
        b'{"error":"unauthorized"}',
        b'{"error":{}}',
        b'{"error":[1]}',
        b'{"code":null,"message":null}',
        b'{"code":{},"message":7}',
        b'{"error":{"errorCode":[1]}}',
    ],
)
@pytest.mark.parametrize(("status", "kind"), [(401, AuthenticationError), (404, NotFoundError), (502, ServerError)])
def test_errors_without_either_envelope_go_by_status(body: bytes, status: int, kind: type[APIError]) -> None:
    error = refusal(answer(status, body, Content_Type="text/strange"))
    assert (type(error), error.code) == (kind, "")
    assert f"text/strange, {len(body)} bytes" in error.message
    assert str(error).startswith("persons.get: text/strange")
    assert str(error).endswith(f"(HTTP {status})")
    assert "\n" not in str(error)


def test_a_long_answer_is_quoted_in_part() -> None:
    error = refusal(answer(502, b"<html>" + b"x" * 100_000))
    assert len(error.message) < EXCERPT + 60
    assert error.message.startswith("no content type, 100006 bytes, '<html>xxx")


def test_the_request_id() -> None:
    error = refusal(answer(404, {"code": "10030", "message": "Gone."}, X_NCP_Request_Id="abc-1"))
    assert error.request_id == "abc-1"
    assert str(error) == "persons.get: Gone. (HTTP 404, code 10030) [request abc-1]"


@pytest.mark.parametrize("code", ["0", 0])
def test_success(code: object) -> None:
    assert open_envelope(answer(200, {"code": code, "message": "success", "result": {"a": 1}}), "x") == {"a": 1}
    assert open_envelope(answer(201, {"code": code, "result": []}), "x") == []
    assert open_envelope(answer(200, {"code": code, "message": "success"}), "x") is None
    assert open_envelope(answer(200, {"code": code, "result": None, "later": 1}), "x") is None


@pytest.mark.parametrize("code", ["", "00", "1", None, 1, [], {}])
def test_a_success_status_with_another_code_is_an_error(code: object) -> None:
    error = refusal(answer(200, {"code": code, "message": "No."}))
    assert error.status == 200
    assert error.code == (str(code) if isinstance(code, str | int) else "")


@pytest.mark.parametrize(
    "body", [b"", HTML, XML, b'{"code":"0","mess', b"\xff\xfe", b"null", b"[]", b"{}", b'{"result":{}}', b'"0"']
)
def test_a_success_status_without_the_envelope(body: bytes) -> None:
    with pytest.raises(ResponseError) as caught:
        open_envelope(answer(200, body, Content_Type="text/strange"), "persons.get")
    assert (caught.value.status, caught.value.path, caught.value.ambiguous) == (200, None, True)
    assert str(caught.value).startswith("persons.get: ")
    assert f"text/strange, {len(body)} bytes" in str(caught.value)


@pytest.mark.parametrize("status", [301, 302, 304, 307])
@pytest.mark.parametrize("body", [b"", HTML, b'{"code":"0","message":"success","result":{}}'])
def test_a_redirect_is_no_answer(status: int, body: bytes) -> None:
    with pytest.raises(ResponseError) as caught:
        open_envelope(answer(status, body, Location="https://elsewhere.example/?signature=x"), "persons.get")
    assert caught.value.status == status
    assert "signature" not in str(caught.value)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["error", "errorCode", "code", "message"]), inner),
)


@given(st.integers(200, 599), json_values.map(lambda value: json.dumps(value).encode()) | st.binary())
def test_any_answer_is_a_result_or_an_error_of_ours(status: int, body: bytes) -> None:
    try:
        open_envelope(answer(status, body), "x")
    except MIError as error:
        assert getattr(error, "status", None) == status  # noqa: PT017  either outcome will do
    else:
        assert status < 300


DATE = "Wed, 21 Oct 2026 07:28:00 GMT"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("Wed, 21 Oct 2026 07:28:30 GMT", 30.0),
        ("Wed, 21 Oct 2026 16:28:30 +0900", 30.0),
        ("Wed, 21 Oct 2026 07:28:30", 30.0),  # no zone: read as UTC
        ("Wednesday, 21-Oct-26 07:28:30 GMT", 30.0),  # the form of RFC 850
        ("Wed, 21 Oct 2026 07:27:00 GMT", 0.0),  # past
        ("soon", None),
        ("", None),
        ("-5", None),
        ("1.5", None),
        ("nan", None),
        ("inf", None),
    ],
)
def test_retry_after(value: str, seconds: float | None) -> None:
    response = answer(429, {}, Retry_After=value, Date=DATE)
    assert retry_after_seconds(response) == seconds
    assert refusal(response).retry_after == seconds


def test_retry_after_without_the_answers_own_date() -> None:
    assert retry_after_seconds(answer(429, {})) is None
    assert retry_after_seconds(answer(429, {}, Retry_After="Wed, 21 Oct 2015 07:28:00 GMT")) == 0
    later = retry_after_seconds(answer(429, {}, Retry_After="Fri, 31 Dec 9999 23:59:59 GMT"))
    assert later is not None
    assert later > 1e9


def test_date() -> None:
    assert date(answer(200, {}, Date="Tue, 14 Nov 2023 22:13:20 GMT").headers) == 1_700_000_000
    assert date(answer(200, {}).headers) is None


numbers = st.integers(-1, 10**20).map(str) | st.from_regex(r"[0-9]{1,4}", fullmatch=True)
near_dates = st.builds(
    "Mon, {} {} {} {}:{}:{} {}".format,
    numbers,
    st.sampled_from(["Jan", "Feb", "13", ""]),
    *[numbers] * 4,
    st.sampled_from(["GMT", "+0900", "-2400", "+99999", "-99999999999", "?", ""]),
)


@given(st.text() | near_dates)
@example("Mon, 01 Jan 2024 00:00:00 +99999999999999")
@example("Mon, 01 Jan 0001 00:00:00 +2359")
@example("Mon, 99 Jan 2024 00:00:00 GMT")
@example("Mon, 01 Jan 2024 00:00:99 GMT")
@example("Mon, 01 Jan 999999999999 00:00:00 GMT")
@example("9" * 400)
@example("٣")
@example("²")
def test_headers_that_make_no_sense_are_ignored(value: str) -> None:
    response = answer(429, {}, Retry_After=value, Date=value)
    assert date(response.headers) is None or isinstance(date(response.headers), float)
    assert retry_after_seconds(response) is None or (retry_after_seconds(response) or 0) >= 0


def test_a_presigned_query_is_never_quoted() -> None:
    body = b'{"thumbnailKey":"k","url":"https://b/x?X-Amz-Signature=s1gn&X-Amz-Expires=900"}'
    for broken in (body, body[:-3]):
        with pytest.raises(ResponseError) as caught:
            open_envelope(Response(200, {}, broken), "thumbnails.presign")
        assert "https://b/x?..." in str(caught.value)
        assert "s1gn" not in str(caught.value)


def test_a_foreign_answer_is_quoted_up_to_200_characters() -> None:
    with pytest.raises(ResponseError) as caught:
        open_envelope(Response(200, {}, b"x" * 1000), "things.get")
    assert "x" * 200 in str(caught.value)
    assert "x" * 201 not in str(caught.value)


@pytest.mark.parametrize("result", ["null", "[1]", "7"])
def test_members_beside_a_result_that_is_no_object_are_left_out(result: str) -> None:
    body = f'{{"code": "0", "message": "success", "result": {result}, "totalCount": 1}}'.encode()
    assert open_envelope(Response(200, {}, body), "things.get", ["totalCount"]) == json.loads(result)


def test_a_redirect_is_no_success_even_in_the_service_s_envelope() -> None:
    with pytest.raises(ResponseError, match="HTTP 300 without"):
        open_envelope(answer(300, {"code": "0", "message": "success", "result": 1}), "things.get")
