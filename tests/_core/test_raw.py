"""raw(): status, headers and body of an answer, by the same path as any other call."""

import pytest

from mi_async._core.declare import raw
from mi_async._core.http_messages import Response
from mi_async.errors import InvalidArgumentError, NotFoundError
from tests.support.scripted import Things, policy, refusal, stage
from tests.support.virtual import run

BODY = b'{ "code": "0", "message": "success", "result": "done", "traceId": "t" }'


def test_an_answer_and_what_was_read_from_it() -> None:
    async def main() -> None:
        async with stage([Response(202, {"X-Trace": "t"}, BODY)]) as play:
            answer = await raw(play.things.tag)("x")
            assert (answer.status, answer.headers, answer.body) == (202, {"X-Trace": "t"}, BODY)
            assert answer.parsed == "done"
            assert "success" not in repr(answer)
            assert await play.things.tag("x") == "done"  # the group itself is as it was

    run(main())


def test_it_is_repeated_and_pays_for_quota_like_any_call() -> None:
    async def main() -> None:
        async with stage([refusal(503), refusal(429)], retry=policy(max_attempts=3)) as play:
            answer = await raw(play.things.check)("x")
            assert (answer.status, answer.parsed) == (200, "done")
            assert len(play.script.sent) == 3
            limiter = play.calls.limiters["things.check"]
            assert limiter.state().used == 3
            assert limiter.state().refused == 1

    run(main())


def test_a_refusal_is_raised_as_always() -> None:
    async def main() -> None:
        async with stage([refusal(404, "10030")]) as play:
            with pytest.raises(NotFoundError):
                await raw(play.things.tag)("x")

    run(main())


def test_arguments_are_checked_as_always() -> None:
    async def main() -> None:
        async with stage() as play:
            with pytest.raises(TypeError, match="missing 1 required positional argument"):
                await raw(play.things.tag)()  # type: ignore[call-arg]  # the mistake
            with pytest.raises(InvalidArgumentError, match="raw"):
                raw(Things.tag)
            assert not play.script.sent

    run(main())
