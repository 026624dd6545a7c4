"""The table of advice: nothing that a check or the service refuses an item for is without a word on what to do."""

import re

import pytest

from mi_async.bulk.journal.salvage import LOST
from mi_async.bulk.report.advice import ADVICE, FIT_ADVICE, UNKNOWN, advice
from mi_async.errors import ImageRejectedError, MediaRejectedError
from mi_async.workflows.attach import IMAGE_CODES


def documented(error: type[ImageRejectedError | MediaRejectedError]) -> list[str]:
    """Reasons that an error may have, as its docstring lists them."""
    said = (error.__doc__ or "").partition("reason:")[2]
    return re.findall(r"``(\w+)``", said)


def test_the_reasons_are_those_of_the_errors() -> None:
    assert documented(ImageRejectedError) == ["format", "size", "resolution", "incomplete", "unreadable"]
    assert documented(MediaRejectedError) == [
        *("format", "size", "resolution", "duration", "incomplete", "no_video", "unreadable", "changed")
    ]


@pytest.mark.parametrize(
    "code", sorted({*documented(ImageRejectedError), *documented(MediaRejectedError), *IMAGE_CODES, LOST})
)
def test_each_refusal_of_a_file_has_advice(code: str) -> None:
    assert advice(code) is not UNKNOWN
    assert advice(code).text
    assert advice(code).retry is (code == LOST)  # another file is what the others need


def test_what_fit_helps_with_is_said_where_it_is_not_given() -> None:
    assert FIT_ADVICE["size"] == "--fit makes images of more than 5,000,000 bytes smaller"
    assert "--fit converts HEIC, AVIF, TIFF, BMP and GIF" in FIT_ADVICE["format"]
    assert not any("--fit" in each.text for each in ADVICE.values())  # runs over media files have no such option
