"""What a notebook shows of an error: the lines of its user, and no page of frames of ours."""

import pickle
import sys
from types import SimpleNamespace

import pytest

import mi_async
from mi_async._core.short_traceback import HINT, MOST_CAUSES, short_traceback
from mi_async.errors import ConfigError, ConnectError, MIError
from tests.support.talking import KEYS, ONCE, nobody_there


async def failed() -> MIError:
    """Return the error of a call that nobody answers."""
    async with mi_async.connect(KEYS, base_url=nobody_there(), retry=ONCE) as session:
        with pytest.raises(ConnectError) as caught:
            await session.workspaces.list()
    return caught.value


async def test_the_error_the_line_that_made_it_and_its_causes() -> None:
    error = await failed()
    error.add_note("is it running?")
    said, note, frame, *causes, hint = error._render_traceback_()
    assert said.startswith("mi_async.errors.ConnectError: http://127.0.0.1:")
    assert note == "is it running?"
    assert frame.startswith("  test_short_traceback.py, failed, line ")
    assert frame.endswith(": await session.workspaces.list()")
    assert [cause.partition(":")[0] for cause in causes] == [
        "  caused by aiohttp.client_exceptions.ClientConnectorError",
        "  caused by ConnectionRefusedError",
    ]
    assert hint == HINT
    assert pickle.loads(pickle.dumps(error)).args == error.args  # noqa: S301  our own


async def test_the_whole_is_shown_on_request(monkeypatch: pytest.MonkeyPatch) -> None:
    shell = SimpleNamespace(InteractiveTB=SimpleNamespace(mode="Verbose"))
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    lines = (await failed())._render_traceback_()
    assert any("declare.py" in line for line in lines)
    assert HINT not in lines


def test_a_cell_is_called_so_and_what_python_runs_for_it_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    code = compile("\nraise error", "/tmp/ipykernel_7/42.py", "exec")  # noqa: S108  as IPython names a cell
    error = ConfigError("no")
    with pytest.raises(ConfigError):
        eval(code, {"error": error})  # noqa: S307  our own
    assert short_traceback(error)[1:] == [short_traceback(error)[1], "  cell, line 2: ", HINT]


def test_causes_have_an_end_and_what_is_suppressed_is_none() -> None:
    deep = error = ConfigError("no")
    for number in range(20):
        deep.__cause__ = deep = ConfigError(str(number))
    assert short_traceback(error)[1:-1] == [f"  caused by mi_async.errors.ConfigError: {n}" for n in range(MOST_CAUSES)]
    meanwhile = ConfigError("no")
    meanwhile.__context__ = KeyError("a")
    assert short_traceback(meanwhile)[1:-1] == ["  caused by KeyError: 'a'"]
    meanwhile.__suppress_context__ = True
    assert short_traceback(meanwhile)[1:-1] == []
