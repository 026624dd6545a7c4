"""One call: clock skew, hooks, keys, deadlines and closing; on virtual time over a scripted network."""

import asyncio
import builtins
import logging
import pickle
import traceback
from email.utils import formatdate
from functools import partial
from typing import Any

import pytest
from attrs import define, field

from mi_async._core.clock import Clock
from mi_async._core.http_messages import Response
from mi_async._core.operation import Operation
from mi_async._core.session_keys import EXPIRY_MARGIN
from mi_async._core.signing import ACCESS_KEY, SIGNATURE, TIMESTAMP, Verdict, verify
from mi_async.credentials import Credentials
from mi_async.errors import (
    AuthenticationError,
    ConflictError,
    ConnectError,
    CredentialsError,
    DeadlineExceededError,
    InvalidArgumentError,
    JournalError,
    PermissionDeniedError,
)
from tests.support.scripted import EPOCH, FOREVER, KEYS, Things, now, policy, refusal, stage
from tests.support.virtual import run


def rejected(ahead: float) -> Response:
    """A refused signature from a service whose clock is ahead of ours; its ``Date`` has whole seconds."""
    return refusal(401, "200", Date=formatdate(EPOCH + ahead, usegmt=True))


# ---- a guard


async def stopping(_: Operation) -> None:
    message = "taken over"
    raise JournalError(message)


async def passing(_: Operation) -> None: ...


def test_a_guard_is_asked_before_each_attempt_once_it_has_its_permit() -> None:
    async def main() -> None:
        async with stage([refusal(429), ConnectError("no")]) as play:
            asked: list[tuple[str, float, int]] = []

            async def guard(operation: Operation) -> None:
                asked.append((operation.name, now(), len(play.script.sent)))

            play.calls.limiters["things.check"].pause(5.0)
            things = Things(partial(play.calls.patient, guard=guard))
            assert await things.check("x") == "done"
            assert [(name, sent) for name, _, sent in asked] == [("check", 0), ("check", 1), ("check", 2)]
            assert asked[0][1] >= 5.0

    run(main())


def test_what_a_guard_refuses_is_not_sent_and_its_permit_is_given_back() -> None:
    async def main() -> None:
        async with stage([]) as play:
            for refused in range(3):
                with pytest.raises(JournalError, match="taken over"):
                    await Things(partial(play.calls.patient, guard=stopping)).check("x")
                assert play.calls.limiters["things.check"].state().used == refused + 1
            await Things(partial(play.calls.patient, guard=passing)).tag("x")
            assert len(play.script.sent) == 1

    run(main())


# ---- clock skew


@pytest.mark.parametrize("ahead", [900, -900])
def test_a_clock_that_is_off_is_learnt_and_the_call_repeated_once(ahead: int) -> None:
    async def main() -> None:
        async with stage([rejected(ahead)]) as play:
            assert await play.things.register("x") == "done"
            first, second = play.script.sent
            assert int(second.headers[TIMESTAMP]) - int(first.headers[TIMESTAMP]) == pytest.approx(ahead * 1000, abs=5)
            assert verify(second.request, second.headers, KEYS, EPOCH + ahead) is Verdict.OK
            await play.things.tag("x")
            assert int(play.script.sent[2].headers[TIMESTAMP]) == pytest.approx((EPOCH + ahead) * 1000, abs=5)

    run(main())


class StandingClock(Clock):
    """A clock whose wall time stands still."""

    def wall(self) -> float:
        return EPOCH


@pytest.mark.parametrize(("ahead", "named"), [(29, None), (30, 30.0)])
def test_an_offset_is_worth_naming_from_half_a_minute(ahead: int, named: float | None) -> None:
    async def main() -> None:
        async with stage([rejected(ahead)] * 2, clock=StandingClock()) as play:
            with pytest.raises(AuthenticationError) as caught:
                await play.things.tag("x")
            assert caught.value.clock_offset == named
            assert len(play.script.sent) == (1 if named is None else 2)

    run(main())


def test_a_rejection_that_stays_names_the_offset() -> None:
    async def main() -> None:
        async with stage([rejected(900), rejected(900)]) as play:
            with pytest.raises(
                AuthenticationError, match=r"this machine's clock is 900 s behind the service's"
            ) as caught:
                await play.things.tag("x")
            assert caught.value.clock_offset == pytest.approx(900, abs=1)
            assert not caught.value.clock_corrected
            assert len(play.script.sent) == 2

    run(main())


def test_a_fast_clock_is_named_as_one() -> None:
    async def main() -> None:
        async with stage([rejected(-400)], retry=policy(max_attempts=1)) as play:
            with pytest.raises(AuthenticationError, match=r"400 s ahead of the service's"):
                await play.things.tag("x")

    run(main())


@pytest.mark.parametrize("step", [rejected(5), refusal(401, "200"), refusal(401, "200", Date="tomorrow")])
def test_a_rejection_that_the_clock_does_not_explain_is_final(step: Response) -> None:
    async def main() -> None:
        async with stage([step]) as play:
            with pytest.raises(AuthenticationError) as caught:
                await play.things.tag("x")
            assert caught.value.clock_offset is None
            assert len(play.script.sent) == 1

    run(main())


def test_a_denied_permission_is_not_a_matter_of_clocks() -> None:
    async def main() -> None:
        async with stage([refusal(401, "210", Date=formatdate(EPOCH + 900, usegmt=True))]) as play:
            with pytest.raises(PermissionDeniedError):
                await play.things.tag("x")
            assert len(play.script.sent) == 1

    run(main())


# ---- keys


@define
class Vault:
    """A provider of keys that last a while, and how often it was asked."""

    lasts: float = 3600.0
    takes: float = 0.5
    fails: BaseException | None = None
    asked: list[float] = field(factory=list)

    async def credentials(self) -> Credentials:
        self.asked.append(now())
        await asyncio.sleep(self.takes)
        if self.fails is not None:
            raise self.fails
        return Credentials(f"key-{len(self.asked)}", "s3cr3t-k3y", EPOCH + now() + self.lasts)


def test_keys_are_fetched_once_for_all_who_wait() -> None:
    async def main() -> None:
        vault = Vault()
        async with stage(provider=vault) as play:
            await asyncio.gather(*(play.things.tag("x") for _ in range(20)))
            assert len(vault.asked) == 1
            assert {one.headers[ACCESS_KEY] for one in play.script.sent} == {"key-1"}

    run(main())


def test_keys_are_fetched_anew_before_they_lapse() -> None:
    async def main() -> None:
        vault = Vault(lasts=1000, takes=0)
        async with stage(provider=vault) as play:
            await play.things.tag("x")
            await asyncio.sleep(1000 - EXPIRY_MARGIN - 1)
            await play.things.tag("x")
            assert len(vault.asked) == 1
            await asyncio.sleep(1)
            await asyncio.gather(*(play.things.tag("x") for _ in range(5)))
            assert len(vault.asked) == 2
            assert play.script.sent[-1].headers[ACCESS_KEY] == "key-2"

    run(main())


@pytest.mark.parametrize("error", [LookupError("vault s3cr3t-k3y"), builtins.TimeoutError("own")])
def test_a_provider_that_fails_is_a_credentials_error(error: Exception) -> None:
    async def main() -> None:
        async with stage(provider=Vault(fails=error)) as play:
            with pytest.raises(CredentialsError, match=f"provider failed: {type(error).__name__}") as caught:
                await play.things.check("x")
            assert "s3cr3t" not in str(caught.value)
            assert caught.value.__cause__ is error
            assert not play.script.sent

    run(main())


def test_a_providers_own_credentials_error_passes() -> None:
    async def main() -> None:
        async with stage(provider=Vault(fails=CredentialsError("the role is gone"))) as play:
            with pytest.raises(CredentialsError, match="the role is gone"):
                await play.things.tag("x")

    run(main())


def test_keys_that_have_lapsed_already_are_refused() -> None:
    async def main() -> None:
        async with stage(provider=Vault(lasts=-1)) as play:
            with pytest.raises(CredentialsError, match="expired already"):
                await play.things.tag("x")

    run(main())


def test_keys_that_are_good_for_a_moment_are_used() -> None:
    async def main() -> None:
        async with stage(provider=Vault(lasts=0.5, takes=0)) as play:
            assert await play.things.tag("x") == "done"

    run(main())


def test_the_account_is_the_access_key_unless_that_is_temporary() -> None:
    async def main() -> None:
        async with stage() as play:
            assert await play.calls.account() == KEYS.access_key
        async with stage(provider=Vault(lasts=1000, takes=0)) as play:
            assert await play.calls.account() == "temporary"

    run(main())


def test_short_lived_keys_serve_half_their_life() -> None:
    async def main() -> None:
        vault = Vault(lasts=100, takes=0.1)
        async with stage(provider=vault) as play:
            await asyncio.gather(*(play.things.tag("x") for _ in range(50)))
            assert len(vault.asked) == 1
            await asyncio.sleep(51)
            await play.things.tag("x")
            assert len(vault.asked) == 2

    run(main())


def test_a_provider_that_gives_no_keys_is_a_credentials_error() -> None:
    class Mistaken:
        async def credentials(self) -> Any:
            return ("access", "secret")

    async def main() -> None:
        async with stage(provider=Mistaken()) as play:
            with pytest.raises(CredentialsError, match="gave a tuple"):
                await play.things.tag("x")

    run(main())


def test_a_provider_that_hangs_ends_with_the_deadline() -> None:
    async def main() -> None:
        async with stage(provider=Vault(takes=FOREVER), total=5) as play:
            calls = [play.things.tag("x") for _ in range(3)]
            ends = await asyncio.gather(*calls, return_exceptions=True)
            assert {type(end) for end in ends} == {DeadlineExceededError}
            assert now() == pytest.approx(5, abs=0.01)

    run(main())


def test_a_provider_may_take_for_ever_without_a_deadline() -> None:
    async def main() -> None:
        async with stage(provider=Vault(takes=9999), total=None) as play:
            assert await play.things.tag("x") == "done"

    run(main())


def test_a_caller_who_leaves_does_not_take_the_keys_of_others_along() -> None:
    async def main() -> None:
        vault = Vault()
        async with stage(provider=vault) as play:
            first, second = (asyncio.create_task(play.things.tag("x")) for _ in range(2))
            await asyncio.sleep(0.1)
            first.cancel()
            assert await second == "done"
            assert first.cancelled()

    run(main())


# ---- what is signed and sent


def test_a_path_prefix_is_signed_and_sent() -> None:
    async def main() -> None:
        async with stage(prefix="/gateway/v%201") as play:
            await play.things.tag("x")
            sent = play.script.sent[0]
            assert sent.request.target == "/gateway/v%201/api/v1/things/tags"
            assert verify(sent.request, sent.headers, KEYS, EPOCH) is Verdict.OK

    run(main())


def test_an_argument_that_cannot_be_sent_is_found_before_anything_else() -> None:
    async def main() -> None:
        async with stage() as play:
            with pytest.raises(InvalidArgumentError):
                await play.things.check("\ud800")
            assert play.calls.limiters["things.check"].state().used == 0

    run(main())


def test_the_secret_key_is_in_no_log_repr_pickle_or_traceback(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def main() -> None:
        async with stage([refusal(500), rejected(900), refusal(409)]) as play:
            with pytest.raises(ConflictError) as caught:
                await play.things.create("x")
            error = caught.value
            shown = traceback.TracebackException.from_exception(error, capture_locals=True).format()
            assert "s3cr3t" not in "".join(shown) + repr(error) + repr(play.calls) + caplog.text
            assert b"s3cr3t" not in pickle.dumps(error)
            assert "attempt 1 failed" in caplog.text
            signatures = [one.headers[SIGNATURE] for one in play.script.sent]
            assert not any(signature in caplog.text + str(error) for signature in signatures)

    run(main())
