"""Signature v2: the vectors, and that sign and verify agree on everything that a request can be."""

import base64
import string
from typing import NamedTuple
from urllib.parse import quote

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from mi_async._core.http_messages import Request
from mi_async._core.signing import ACCESS_KEY, MAX_SKEW, SIGNATURE, TIMESTAMP, Verdict, sign, signature, verify
from mi_async.credentials import Credentials

NOW = 1_700_000_000.0
KEYS = Credentials("AK_TEST", "SK_TEST")
REQUEST = Request("GET", "/api/v1/workspaces?pageNum=1")


class Vector(NamedTuple):
    method: str
    target: str
    signature: str


# All at NOW with KEYS. The first is a third party's, the others were computed with an implementation of its own.
VECTORS = [
    Vector("POST", "/vserver/v2/createServerInstances?regionCode=KR", "xBcE26XFU55BMjppdPT7ZY3oDrqoOedfPyAn3Cq4lUw="),
    Vector("GET", "/api/v1/workspaces?pageNum=1&pageSize=100", "FTp5QgRtM6hehAa4FuXDeREl/HfSPaAisewLfdbM6Rs="),
    Vector("POST", "/api/v1/workspaces/my-workspace/person-tags", "o4wL/RZdobV4lTnCgjrVbG/pGiBsoOHEmO4nOpGZkU4="),
]

keys = st.text(string.ascii_letters + string.digits + string.punctuation, min_size=1, max_size=40)
targets = st.builds(
    lambda path, query: "/" + quote(path, safe="/") + ("?" + "&".join(query) if query else ""),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.lists(st.text(st.characters(exclude_categories=["Cs"])).map(lambda text: "k=" + quote(text, safe=""))),
)
requests = st.builds(Request, st.sampled_from(["GET", "POST", "PATCH", "PUT", "DELETE"]), targets)
credentials = st.builds(Credentials, keys, keys)
moments = st.floats(0, 4e9, allow_nan=False)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.target)
def test_the_vectors(vector: Vector) -> None:
    request = Request(vector.method, vector.target)
    assert signature(request, "1700000000000", KEYS) == vector.signature
    headers = sign(request, KEYS, NOW)
    assert headers == {TIMESTAMP: "1700000000000", ACCESS_KEY: "AK_TEST", SIGNATURE: vector.signature}
    assert verify(request, headers, KEYS, NOW) is Verdict.OK


def test_the_headers_have_the_documented_names() -> None:
    names = {"x-ncp-apigw-timestamp", "x-ncp-iam-access-key", "x-ncp-apigw-signature-v2"}
    assert set(sign(REQUEST, KEYS, NOW)) == names


@given(requests, credentials, moments)
def test_sign_and_verify_agree(request: Request, keys: Credentials, now: float) -> None:
    headers = sign(request, keys, now)
    assert verify(request, headers, keys, now) is Verdict.OK
    assert len(base64.b64decode(headers[SIGNATURE], validate=True)) == 32
    assert all(value.isascii() and value.isprintable() for value in headers.values())


@given(requests, requests, credentials, moments)
def test_another_request_does_not_match(request: Request, other: Request, keys: Credentials, now: float) -> None:
    assume((request.method, request.target) != (other.method, other.target))
    assert verify(other, sign(request, keys, now), keys, now) is Verdict.MISMATCH


@given(requests, credentials, moments, st.integers(-299_000, 299_000).filter(bool))
def test_another_timestamp_does_not_match(request: Request, keys: Credentials, now: float, moved: int) -> None:
    headers = sign(request, keys, now)
    timestamp = int(headers[TIMESTAMP]) + moved
    assume(timestamp >= 0)
    assert verify(request, headers | {TIMESTAMP: str(timestamp)}, keys, now) is Verdict.MISMATCH


@given(requests, credentials, keys, moments)
def test_another_key_pair(request: Request, keys: Credentials, other: str, now: float) -> None:
    assume(other not in {keys.access_key, keys.secret_key})
    headers = sign(request, keys, now)
    assert verify(request, headers, Credentials(keys.access_key, other), now) is Verdict.MISMATCH
    assert verify(request, headers, Credentials(other, keys.secret_key), now) is Verdict.UNKNOWN_KEY


@given(requests, credentials, moments, st.text(string.ascii_letters + string.digits + "+/="))
def test_another_signature_does_not_match(request: Request, keys: Credentials, now: float, other: str) -> None:
    headers = sign(request, keys, now)
    assume(other != headers[SIGNATURE])
    assert verify(request, headers | {SIGNATURE: other}, keys, now) is Verdict.MISMATCH


def test_the_body_is_not_signed() -> None:
    assert sign(Request("POST", "/", b"{}"), KEYS, NOW) == sign(Request("POST", "/"), KEYS, NOW)


def test_the_escapes_of_the_target_are_signed_as_they_are() -> None:
    encoded, decoded = Request("GET", "/a%2Fb"), Request("GET", "/a/b")
    assert verify(decoded, sign(encoded, KEYS, NOW), KEYS, NOW) is Verdict.MISMATCH


@pytest.mark.parametrize(
    ("offset", "verdict"),
    [
        (0, Verdict.OK),
        (MAX_SKEW - 0.001, Verdict.OK),
        (-MAX_SKEW + 0.001, Verdict.OK),
        (MAX_SKEW, Verdict.SKEWED),
        (-MAX_SKEW, Verdict.SKEWED),
        (MAX_SKEW + 0.001, Verdict.SKEWED),
        (1e9, Verdict.SKEWED),
    ],
)
def test_five_minutes_off_is_too_much(offset: float, verdict: Verdict) -> None:
    assert verify(REQUEST, sign(REQUEST, KEYS, NOW + offset), KEYS, NOW) is verdict


@pytest.mark.parametrize("missing", [TIMESTAMP, ACCESS_KEY, SIGNATURE])
def test_a_missing_header(missing: str) -> None:
    headers = sign(REQUEST, KEYS, NOW)
    del headers[missing]
    assert verify(REQUEST, headers, KEYS, NOW) is Verdict.MISSING


@given(st.text())
@example("")
@example("-1700000000000")
@example("1700000000000.0")
@example(" 1700000000000")
@example("1_700_000_000_000")
@example("1700000000000\n")
@example("１７０００００００００００")  # noqa: RUF001  digits, but not ASCII
@example("9" * 400)  # beyond a float
@example("9" * 5000)  # beyond what int() reads
def test_a_garbled_timestamp_is_a_skewed_one(timestamp: str) -> None:
    assume(timestamp != "1700000000000")
    headers = sign(REQUEST, KEYS, NOW) | {TIMESTAMP: timestamp}
    near = timestamp.isascii() and timestamp.isdigit() and abs(NOW - int(timestamp[:16]) / 1000) < MAX_SKEW
    assert verify(REQUEST, headers, KEYS, NOW) is (Verdict.MISMATCH if near else Verdict.SKEWED)


@given(st.text())
@example("\udcff")  # what a header's bytes beyond ASCII become
def test_garbled_headers_and_targets_are_refused_without_an_error(garbage: str) -> None:
    headers = sign(REQUEST, KEYS, NOW)
    assume(garbage not in {*headers.values(), REQUEST.target})
    assert verify(REQUEST, headers | {SIGNATURE: garbage}, KEYS, NOW) is Verdict.MISMATCH
    assert verify(REQUEST, headers | {ACCESS_KEY: garbage}, KEYS, NOW) is Verdict.UNKNOWN_KEY
    assert verify(Request("GET", garbage), headers, KEYS, NOW) is Verdict.MISMATCH
