"""The line of callers of one process: who has gone away gets nothing, and stands in nobody's way."""

import asyncio

from mi_async._core.caller_line import CallerLine
from mi_async.errors import MIError


async def test_who_has_gone_away_is_passed_over() -> None:
    line = CallerLine()
    gone, here = line.join(1.0), line.join(2.0)
    gone.permit.cancel()
    assert line.serve(5.0)
    assert here.permit.result() == 5.0
    assert not line.leave(gone)
    assert line.leave(here)
    assert len(line) == 0
    assert not line.serve(5.0)


async def test_who_is_refused_hears_why_and_the_others_wait_on() -> None:
    line = CallerLine()
    patient, hasty, gone = line.join(9.0), line.join(1.0), line.join(1.0)
    gone.permit.cancel()
    line.refuse(lambda _place, caller: MIError("late") if caller.until < 2 else None)
    assert isinstance(hasty.permit.exception(), MIError)
    assert not line.leave(hasty)
    assert not patient.permit.done()
    await asyncio.sleep(0)
    assert not line.leave(patient)
    assert not line.leave(gone)
