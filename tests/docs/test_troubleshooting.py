"""The page about what fails: its table of checks is that of the doctor, and each code is of the class that it names."""

import re

from mi_async.doctor.diagnosis import CHECKS
from mi_async.emulator import Rejection
from mi_async.errors.api import error_class
from tests.docs.test_examples import ROOT

CHECKED, ERRORS = (
    re.findall(r"^\| (.*?) \|(.*?)\|", part, re.MULTILINE)
    for part in (ROOT / "docs" / "troubleshooting.md")
    .read_text(encoding="utf-8")
    .partition("## What is checked")[2]
    .split("## By error")
)


def test_each_check_has_a_row() -> None:
    assert [name for row, _ in CHECKED[1:] for name in row.split(", ")] == [check.name for check in CHECKS]


def test_each_code_is_of_the_class_that_the_page_names() -> None:
    codes = {code: name.strip("`") for name, told in ERRORS for code in re.findall(r"\b\d{5}\b", told)}
    assert len(codes) > 15
    refusals = {code: Rejection(int(code)) for code in codes}
    assert {code: error_class(found.status, code).__name__ for code, found in refusals.items()} == codes
