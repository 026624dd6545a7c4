"""Members of one run as tasks of Celery: ``celery -A celery_members worker``, then ``python celery_members.py 8``."""

import os
import sys

from attrs import asdict
from celery import Celery

import mi_async
from mi_async.bulk import report_of

app = Celery("members", broker=os.environ["BROKER"], backend=os.environ["BROKER"])
app.conf.update(
    task_acks_late=True,  # a task whose worker dies is started again
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    # Redis hands a task that runs for longer than this to a second worker: harmless, it is one more member
    broker_transport_options={"visibility_timeout": 24 * 3600},
)


@app.task(name="mi_async.member", autoretry_for=(mi_async.MIError,), max_retries=5, retry_backoff=5)
def work(workspace: str, operation: str, source: str, options: dict[str, object]) -> dict[str, object]:
    """Work until nothing is left; keys and passwords are those of the worker."""
    return asdict(mi_async.fleet.member(workspace, operation, source, **options)())


if __name__ == "__main__":
    told = {"journal": os.environ["JOURNAL"], "quota_store": os.environ.get("QUOTAS")}
    more = {name: os.environ[name.upper()] for name in ("base_url",) if name.upper() in os.environ}
    tasks = [
        work.delay(os.environ["MI_ASYNC_WORKSPACE"], "enroll_many", os.environ["SOURCE"], {**told, **more})
        for _ in range(int(sys.argv[1]))
    ]
    for task in tasks:
        task.get()
    print(report_of(told["journal"]))
