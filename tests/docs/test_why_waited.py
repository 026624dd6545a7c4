"""The page that says why a call waited: what its example prints, and the line of the log, are those of the page."""

import logging
import re

import pytest

from tests.docs.test_examples import ROOT, run

SECTION = (ROOT / "docs" / "quotas.md").read_text(encoding="utf-8").partition("## Why did my call wait?")[2]
EXAMPLE, PRINTED = (re.findall(rf"```{kind}\n(.*?)```", SECTION, re.DOTALL)[0] for kind in ("python", "text"))


async def test_the_example_prints_what_the_page_shows(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "mi_async._core.call")
    await run(EXAMPLE)
    seconds = re.compile(r"\d+\.\d")  # on a busy machine some more
    printed, shown = (sorted(seconds.sub("n", text).splitlines()) for text in (capsys.readouterr().out, PRINTED))
    assert printed == shown  # on a busy machine a call may end after the look at the quota
    waited = [record.getMessage() for record in caplog.records if record.name == "mi_async._core.call"]
    assert len(waited) == 3
    assert re.fullmatch(r"thumbnails.presign: waited \d\.\d s for its quota: .* 2 calls per 1 s.*", waited[0])
    (said,) = re.findall(r"callers are ahead, at 2 calls per 1 s", waited[-1])
    assert said in SECTION
