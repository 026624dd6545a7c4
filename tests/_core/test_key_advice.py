"""Which key is named in a refusal, how much of it, and which cause."""

import pickle

import pytest

from mi_async._core.key_advice import (
    DENIED,
    NOT_A_PAIR,
    SET_CLOCK,
    explain_refusal,
    form_fault,
    named_key,
)
from mi_async._core.key_forms import masked
from mi_async.credentials import Credentials
from mi_async.errors import APIError, AuthenticationError, NotFoundError, PermissionDeniedError
from mi_async.errors.api import DIAGNOSE

BASE_URL = "https://mi.apigw.ntruss.com"
ACCESS, SECRET = "A1B2C3D4E5F6G7H8J9K0", "s3cr3ts3cr3ts3cr3ts3cr3ts3cr3ts3cr3ts3cr"
NEW_ACCESS, NEW_SECRET = "ncp_iam_BPASKR0000000000abcd", "ncp_iam_BPKSKR00000000000000000000000000wxyz"


@pytest.mark.parametrize(
    ("key", "shown"),
    [(ACCESS, "****J9K0"), ("12345678", "****"), ("123456789", "****6789"), ("a", "****"), (SECRET, "****")],
)
def test_all_but_the_end_of_a_key_is_hidden(key: str, shown: str) -> None:
    assert masked(key) == shown


@pytest.mark.parametrize(
    ("keys", "named"),
    [
        (
            Credentials(ACCESS, SECRET, source="profile DEFAULT of a file"),
            "access key ****J9K0 from profile DEFAULT of a file",
        ),
        (Credentials(ACCESS, SECRET), "access key ****J9K0 as the program gave it"),
        (Credentials(SECRET, ACCESS), "access key **** as the program gave it"),
        (Credentials(NEW_SECRET, NEW_ACCESS), "access key **** as the program gave it"),
    ],
)
def test_a_key_is_named_with_its_source_and_a_secret_in_its_place_is_hidden(keys: Credentials, named: str) -> None:
    assert named_key(keys) == named


@pytest.mark.parametrize(
    ("keys", "fault"),
    [
        (Credentials(ACCESS, SECRET), ""),
        (Credentials(NEW_ACCESS, NEW_SECRET), ""),
        (Credentials("short", "other"), ""),
        (Credentials("EMULATOR-ACCESS-KEY", "emulator-secret-key-that-opens-nothing"), ""),
        (
            Credentials("emulator-secret-key-that-opens-nothing", "EMULATOR-ACCESS-KEY"),
            "the access key and the secret key look swapped",
        ),
        (Credentials(f'"{ACCESS}"', SECRET), "the access key has a quotation mark in it: write it without"),
        (Credentials(ACCESS, f"{SECRET}'"), "the secret key has a quotation mark in it: write it without"),
        (
            Credentials(ACCESS, "<secret-key>"),
            "the secret key looks like a placeholder of a manual: put the key in its place",
        ),
        (
            Credentials("${KEY}", SECRET),
            "the access key looks like a placeholder of a manual: put the key in its place",
        ),
        (Credentials(ACCESS, ACCESS), "the access key and the secret key are the same"),
        (Credentials(SECRET, ACCESS), "the access key and the secret key look swapped"),
        (Credentials(NEW_SECRET, NEW_ACCESS), "the access key and the secret key look swapped"),
    ],
)
def test_the_form_of_keys(keys: Credentials, fault: str) -> None:
    assert form_fault(keys) == fault


def late() -> AuthenticationError:
    error = AuthenticationError(401, "200", "Authentication Failed")
    error.name_offset(600.0)
    return error


@pytest.mark.parametrize(
    ("error", "keys", "base_url", "cause"),
    [
        (late(), Credentials(ACCESS, f'"{SECRET}"'), BASE_URL, SET_CLOCK),
        (AuthenticationError(401, "200", "no"), Credentials(ACCESS, SECRET), BASE_URL, NOT_A_PAIR),
        (AuthenticationError(401, "200", "no"), Credentials(ACCESS, SECRET), "http://127.0.0.1:1", NOT_A_PAIR),
        (
            AuthenticationError(401, "200", "no"),
            Credentials(SECRET, ACCESS),
            BASE_URL,
            "the access key and the secret key look swapped",
        ),
        (
            AuthenticationError(401, "200", "no"),
            Credentials(ACCESS, SECRET),
            "https://mi.apigw.fin-ntruss.com",
            "the base URL is one of the site 'fin'; the service is documented for the public site alone",
        ),
        (
            AuthenticationError(401, "200", "no"),
            Credentials("ncp_iam_BGASKR0000000000abcd", SECRET),
            BASE_URL,
            "the key looks like one of the government site, and the base URL is one of the public site",
        ),
        (PermissionDeniedError(401, "210", "no"), Credentials(ACCESS, SECRET), BASE_URL, DENIED),
    ],
)
def test_the_likely_cause_of_a_refusal(error: APIError, keys: Credentials, base_url: str, cause: str) -> None:
    before = str(error)
    explain_refusal(error, keys, base_url)
    assert error.likely_cause == cause
    assert str(error) == f"{before}; {error.key}: {cause}; {DIAGNOSE}"
    assert SECRET not in str(error)
    twin = pickle.loads(pickle.dumps(error))  # noqa: S301  our own
    assert (str(twin), vars(twin)) == (str(error), vars(error))


def test_keys_that_the_program_did_not_give_are_for_the_doctor_of_the_command_line() -> None:
    error = PermissionDeniedError(401, "210", "no")
    explain_refusal(error, Credentials(ACCESS, SECRET, source="profile DEFAULT of a file"), BASE_URL)
    assert str(error).endswith("; to find out: mi-async doctor")


def test_an_error_that_is_not_about_keys_stays_as_it_is() -> None:
    error = NotFoundError(404, "10030", "no")
    explain_refusal(error, Credentials(ACCESS, SECRET), BASE_URL)
    assert (str(error), error.key, error.likely_cause) == ("no (HTTP 404, code 10030)", "", "")
