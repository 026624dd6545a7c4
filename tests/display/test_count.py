"""The display of a count, on a clock that a test moves."""

import io

from mi_async.display.count import CountView, count_display
from mi_async.display.layout import SpinnerText


def test_a_count_is_a_line_with_the_whole_where_that_is_known() -> None:
    now = [0.0]
    view = CountView("persons asked about", lambda: now[0])
    assert view.line() == "persons asked about: 0, 0 s"
    assert [view.share] == [None]
    now[0] = 90.0
    view.step(1200, 5000)
    view.look()
    assert view.line() == "persons asked about: 1,200 of 5,000, 1 min 30 s"
    assert list(view.problems) == []
    assert list(view.layout(80)) == [SpinnerText(view.line())]
    assert [view.share] == [0.24]
    view.look(last=True)
    assert view.line() == ""


async def test_nothing_is_written_of_what_is_quick() -> None:
    file = io.StringIO()
    with count_display(file, "persons") as view:
        view.step(1, 1)
    assert file.getvalue() == ""
