"""Fixtures of tests that upload files in parts."""

import pytest

from tests.support.small_parts import cut_small


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scale all sizes of parts down, here and at the storage: what is tested is how many there are, not how large."""
    cut_small(monkeypatch)
