"""A member of a shared run as a process of its own, to be killed: ``python fleet_child.py '{"operation": ..., ...}'``.

Invariant: says "begun" before it touches the journal or the network, and its report at the end; keys are found in the
environment.
"""

import json
import sys
from typing import Any

from attrs import asdict

import mi_async


def main(*, speed: float, workspace: str, operation: Any, source: str, **more: Any) -> dict[str, Any]:
    clock = mi_async.Clock(speed)
    member = mi_async.fleet.member(workspace, operation, source, quota_store=None, clock=clock, **more)
    return asdict(member("an argument, as of client.map"))


if __name__ == "__main__":
    sys.stdout.write("begun\n")
    sys.stdout.flush()
    json.dump(main(**json.loads(sys.argv[1])), sys.stdout)
