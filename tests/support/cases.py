"""Cases of one law: a sample of them with each Python, all of them with the first one."""

from collections.abc import Iterable
from typing import Any

import pytest
from _pytest.mark import ParameterSet


def sampled(cases: Iterable[Any], every: int) -> list[Any]:
    """Return the cases for ``parametrize``, of which each so-and-so-many-th is run with every Python.

    What they are about is no matter of the Python: answers of a service, seeds of a simulation, texts of a command.
    """
    return [case if number % every == 0 else _slow(case) for number, case in enumerate(cases)]


def _slow(case: Any) -> ParameterSet:
    if isinstance(case, ParameterSet):
        return pytest.param(*case.values, marks=(*case.marks, pytest.mark.slow), id=case.id)
    return pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.slow)
