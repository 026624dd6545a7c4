"""Passwords in URLs: found wherever they are, and variables in their place."""

import pytest

from mi_async._core.url_secrets import check_no_secret, filled, has_stray_at
from mi_async.errors import ConfigError


@pytest.mark.parametrize(
    "url",
    [
        "redis://:s3cret@cache:6379/0",
        "redis://user:s3cret@cache:6379/0",
        "redis://user:12/s3cret@cache/0",
        "redis://:[s3cret@cache/0",
        "postgresql://db/media?password=s3cret",
        "postgresql://db/media?user=media&sslpassword=s3cret",
        "postgresql://media:${NAME}@db/media?password=s3cret",
    ],
)
def test_a_password_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(ConfigError, match=r"^journal: the URL holds a password") as caught:
        check_no_secret("journal", url)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "redis://cache:6379/0",
        "redis://user:@cache",
        "redis://[cache",
        "redis://:${REDIS_PASSWORD}@cache",
        "postgresql://media@db/media?password=&sslmode=require",
        "postgresql://db/media?password=${A}&sslpassword=${B}",
        "run.journal",
    ],
)
def test_a_url_without_one_is_taken(url: str) -> None:
    check_no_secret("journal", url)


@pytest.mark.parametrize(
    ("url", "stray"),
    [
        ("redis://user:a@b@cache/0", True),
        ("redis://user:a/b@cache/0", True),
        ("redis://user:a?b@cache/0", True),
        ("redis://user:a#b@cache/0", True),
        ("redis://user:a@cache/0", False),
        ("people@work.journal", False),
    ],
)
def test_an_at_that_ends_no_user(url: str, stray: bool) -> None:
    assert has_stray_at(url) is stray


def test_a_variable_is_filled_in_as_a_part_of_a_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MI_TEST_PASSWORD", "a/b@c")
    assert filled("redis://:${MI_TEST_PASSWORD}@cache/0") == "redis://:a%2Fb%40c@cache/0"
    assert filled("redis://cache/0") == "redis://cache/0"
    monkeypatch.delenv("MI_TEST_PASSWORD")
    with pytest.raises(ConfigError, match="the variable MI_TEST_PASSWORD, which a URL names, is not set"):
        filled("redis://:${MI_TEST_PASSWORD}@cache/0")
