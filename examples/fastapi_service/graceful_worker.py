"""The worker of gunicorn: one that cuts off requests in time, so that what they created is in the log.

It needs `gunicorn` and `uvicorn-worker`, and gunicorn's options
`--worker-class graceful_worker.Worker --graceful-timeout 30`.
"""

from typing import Any, ClassVar

import uvicorn_worker


class Worker(uvicorn_worker.UvicornWorker):
    """A uvicorn worker that cuts its requests off after 20 s.

    Without that it waits for them without end, and gunicorn kills it after its own `--graceful-timeout`: what those
    requests created is in no log. So this number is the smaller one.
    """

    CONFIG_KWARGS: ClassVar[dict[str, Any]] = {
        **uvicorn_worker.UvicornWorker.CONFIG_KWARGS,
        "timeout_graceful_shutdown": 20,
    }
