"""Confirmation of plans on real terminals and without one."""

import os
import pty
import select
import signal
import subprocess
import sys
import time

import pytest

PROGRAM = """
import sys
from mi_async.cli import event_loop
from mi_async.cli.confirmation import confirmed
from mi_async.errors import PlanNotConfirmedError

class Plan:
    code = "7f3a-91c2"
    def __str__(self):
        return "merge 7 into 3"

given = sys.argv[1] if sys.argv[1:] else None
try:
    print("did", event_loop.run(confirmed(Plan(), given, what="1 person would be lost")))
except PlanNotConfirmedError as error:
    print("refused:", error)
"""
ASKED = b"type 7f3a-91c2: "
LIMIT = 60.0

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX")


def on_terminal(typed: bytes, *, stop: signal.Signals | None = None) -> tuple[str, int]:
    """Run the program on a terminal, type once it asks, and return all that was seen with the exit code."""
    ours, its = pty.openpty()
    program = subprocess.Popen([sys.executable, "-c", PROGRAM], stdin=its, stdout=its, stderr=its)
    os.close(its)
    seen, answered, until = b"", False, time.monotonic() + LIMIT
    try:
        while time.monotonic() < until and select.select([ours], [], [], LIMIT)[0]:
            try:
                seen += os.read(ours, 4096)
            except OSError:  # Linux says so when the other end is closed
                break
            if not answered and ASKED in seen:
                answered = True
                if stop is None:
                    os.write(ours, typed)
                else:
                    program.send_signal(stop)
        return seen.decode(), program.wait(LIMIT)
    finally:
        program.kill()
        program.wait()
        os.close(ours)


def test_the_plan_is_shown_and_its_code_confirms_it() -> None:
    seen, _ = on_terminal(b"7F3A-91c2\n")
    assert seen.index("merge 7 into 3") < seen.index("1 person would be lost. To confirm, type 7f3a-91c2: ")
    assert "did 7f3a-91c2" in seen


@pytest.mark.parametrize("typed", [b"yes\n", b"\n", b"\x04"])
def test_anything_else_that_is_typed_does_not(typed: bytes) -> None:
    seen, _ = on_terminal(typed)
    assert "refused: 1 person would be lost; the code of the plan was not typed, and nothing was done" in seen
    assert "did" not in seen


def test_a_stop_signal_ends_the_question_at_once() -> None:
    seen, code = on_terminal(b"", stop=signal.SIGINT)
    assert code not in {0, None}
    assert "did 7f3a" not in seen  # Python 3.13 shows the line of the program in the traceback
    assert "Fatal" not in seen


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "refused: 1 person would be lost; look at the plan with --dry-run, whose last line"),
        (["0000-0000"], "refused: 1 person would be lost, and '0000-0000' is not the code of this plan"),
        (["7f3a-91c2"], "did 7f3a-91c2"),
    ],
)
def test_without_a_terminal_only_the_option_confirms(given: list[str], said: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, *given],
        input="7f3a-91c2\n",
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=True,
    )
    assert ended.stdout.startswith(said)
