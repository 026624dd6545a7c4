"""Stop signals inside one process: counted, told, turned into cancellations, and in the end as they ever were."""

import asyncio
import signal
import threading
from collections.abc import Iterator

import pytest

from mi_async.cli import event_loop
from mi_async.cli.exit_codes import EXITS, exit_code
from mi_async.cli.signals import ECHO, SIGNALS, StopSignals, handled
from tests.support.signals import STOPS, signals


@pytest.fixture(autouse=True)
def default_signals() -> Iterator[None]:
    """Signals as a program usually finds them."""
    with signals():
        yield


def raised(error: type[BaseException]) -> int:
    return exit_code(error())


def test_each_signal_has_its_row_among_the_exit_codes() -> None:
    codes = {name: raised(error) for name, (error, _) in SIGNALS.items()}
    assert codes == {"SIGINT": 130, "SIGTERM": 143, "SIGHUP": 129}
    assert codes == {name: 128 + getattr(signal, name) for name in SIGNALS}
    assert {129, 130, 143} <= {way.code for way in EXITS}


@pytest.mark.parametrize("number", STOPS)
def test_each_signal_cancels_the_task_and_is_told(number: signal.Signals) -> None:
    told: list[tuple[int, str]] = []
    caught: list[int] = []

    async def main(received: StopSignals) -> None:
        with received.told_to(lambda count, name: told.append((count, name))):
            for count in (1, 2):
                try:
                    signal.raise_signal(number if count == 1 else signal.SIGINT)
                    await asyncio.sleep(10)
                except asyncio.CancelledError:
                    caught.append(count)
            signal.raise_signal(signal.SIGINT)

    before = {each: signal.getsignal(each) for each in STOPS}
    error, said = SIGNALS[number.name]
    with pytest.raises(error, match=said), handled() as received:
        event_loop.run(main(received))
    assert told == [(1, number.name), (2, number.name)]
    assert caught == [1, 2]
    assert {each: signal.getsignal(each) for each in STOPS} == before


def test_one_that_comes_when_the_task_has_ended_cancels_nobody() -> None:
    told: list[int] = []

    async def quick(received: StopSignals) -> str:
        with received.told_to(lambda count, _: told.append(count)):
            signal.raise_signal(signal.SIGTERM)
        return "done"

    with handled() as received:
        assert event_loop.run(quick(received)) == "done"
    assert told == []


def test_a_second_one_that_comes_while_the_first_is_told_is_a_second_cancellation() -> None:
    caught: list[int] = []

    def tell(number: int, _: str) -> None:
        if number == 1:
            signal.raise_signal(signal.SIGINT)

    async def main(received: StopSignals) -> None:
        with received.told_to(tell):
            signal.raise_signal(signal.SIGINT)
            for number in (1, 2):
                try:
                    await asyncio.sleep(10)
                except asyncio.CancelledError:
                    caught.append(number)

    with handled() as received:
        event_loop.run(main(received))
    assert caught == [1, 2]


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_an_echo_is_the_same_request_and_a_later_signal_another(name: str) -> None:
    times = iter([100.0, 100.0 + ECHO / 2, 100.0 + ECHO / 2, 100.0 + ECHO, 300.0])
    received = StopSignals(now=lambda: next(times))
    delivered: list[int] = []
    with received.delivered(lambda: delivered.append(received.count)):
        received.receive(getattr(signal, name))
        received.receive(signal.SIGTERM)
        received.receive(signal.SIGHUP)
        assert delivered == [1]
        received.receive(signal.SIGTERM)
        received.receive(signal.SIGHUP)
    assert delivered == [1, 2, 3]
    assert received.name == name


def test_ctrl_c_has_no_echo() -> None:
    received = StopSignals(now=lambda: 100.0)
    with received.delivered(lambda: None):
        received.receive(signal.SIGTERM)
        received.receive(signal.SIGINT)
        received.receive(signal.SIGINT)
    assert received.count == 3


def test_outside_of_an_event_loop_it_is_an_exception() -> None:
    with handled() as received, received.delivered(received.throw), pytest.raises(KeyboardInterrupt, match="SIGHUP"):
        signal.raise_signal(signal.SIGHUP)


def test_one_before_the_coroutine_begins_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[bool] = []

    async def main() -> None:
        begun.append(True)

    with handled() as received, received.delivered(received.throw):
        coroutine = main()
        original = asyncio.Runner.run

        def run(self: asyncio.Runner, *given: object) -> None:
            signal.raise_signal(signal.SIGTERM)
            original(self, *given)  # type: ignore[arg-type]

        monkeypatch.setattr(asyncio.Runner, "run", run)
        with pytest.raises(KeyboardInterrupt, match="SIGTERM"):
            event_loop.run(coroutine)
    assert begun == []


def test_a_thread_that_hangs_does_not_keep_a_stopped_command_from_ending() -> None:
    free = threading.Event()

    async def main() -> None:
        asyncio.get_running_loop().call_later(0.01, signal.raise_signal, signal.SIGTERM)
        await asyncio.to_thread(free.wait, 30)

    try:
        with handled(), pytest.raises(KeyboardInterrupt):
            event_loop.run(main())
        assert not free.is_set()
        assert [thread.name for thread in threading.enumerate() if thread.name.startswith("asyncio")]
    finally:
        free.set()


def test_a_cancellation_by_nobody_stays_one() -> None:
    async def main() -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        event_loop.run(main())


def test_what_the_parent_ignores_stays_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with handled() as received:
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        assert signal.getsignal(signal.SIGTERM) == received.receive
        signal.raise_signal(signal.SIGHUP)
    assert received.count == 0
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_without_sighup_the_others_are_handled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(signal, "SIGHUP")
    with handled() as received:
        assert signal.getsignal(signal.SIGTERM) == received.receive


def test_in_another_thread_signals_are_left_alone() -> None:
    before = signal.getsignal(signal.SIGINT)
    seen: list[object] = []

    async def main() -> None:
        seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=lambda: event_loop.run(main()))
    thread.start()
    thread.join()
    assert seen == [before]
