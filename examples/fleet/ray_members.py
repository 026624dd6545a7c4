"""Members of one run on Ray: ``python ray_members.py 8``, where a Ray cluster is there already."""

import os
import sys

import ray

import mi_async
from mi_async.bulk import report_of

member = mi_async.fleet.member(
    os.environ["MI_ASYNC_WORKSPACE"],
    "enroll_many",
    os.environ["SOURCE"],
    journal=os.environ["JOURNAL"],
    quota_store=os.environ.get("QUOTAS"),
    base_url=os.environ.get("MI_ASYNC_BASE_URL", mi_async.fleet.BASE_URL),
)


@ray.remote(num_cpus=0.5, max_retries=5, retry_exceptions=True)
def work(number: int) -> mi_async.fleet.MemberReport:
    """Work until nothing is left; Ray starts it again if its worker or its node dies."""
    return member(number)


ray.init()
ray.get([work.remote(number) for number in range(int(sys.argv[1]))])
print(report_of(member.journal))
