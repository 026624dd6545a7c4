"""A member of a shared run as a process of its own, to be killed: ``python fleet_child.py '{"operation": ..., ...}'``.

Invariant: says "begun" before it touches the journal or the network, then waits for SIGUSR1 if it is told to ``wait``,
and says its report at the end; keys are found in the environment.
"""

import json
import signal
import sys
from typing import Any

from attrs import asdict

import mi_async
import mi_async.bulk.journal.postgres  # imported before it begins, so that it joins at once


def main(*, speed: float, workspace: str, operation: Any, source: str, **more: Any) -> dict[str, Any]:
    clock = mi_async.Clock(speed)
    member = mi_async.fleet.member(workspace, operation, source, quota_store=None, clock=clock, **more)
    return asdict(member("an argument, as of client.map"))


if __name__ == "__main__":
    given = json.loads(sys.argv[1])
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    wait = given.pop("wait", False)
    sys.stdout.write("begun\n")
    sys.stdout.flush()
    if wait:
        signal.sigwait([signal.SIGUSR1])
    json.dump(main(**given), sys.stdout)
