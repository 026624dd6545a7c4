"""A web backend of several workers that keep one quota together.

    pip install '../..[redis]' fastapi uvicorn
    export NCLOUD_ACCESS_KEY_ID=... NCLOUD_SECRET_ACCESS_KEY=... QUOTA_STORE=redis://cache:6379/0
    uvicorn app:app --workers 4

Each worker is a process with a session of its own; the store makes them one account. gunicorn starts them as well.
With MI_ASYNC_BASE_URL it is the emulator's instead of the service's: `mi-async emulator` prints that and its keys.
"""

import math
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

import mi_async

STATUSES = (
    (mi_async.InvalidArgumentError, 400),
    (mi_async.NotFoundError, 404),
    (mi_async.QuotaWaitError, 503),
    (mi_async.QuotaStoreError, 503),
    (TimeoutError, 504),
    (mi_async.MIError, 502),
)
SERVICE = os.environ.get("MI_ASYNC_BASE_URL", "https://mi.apigw.ntruss.com")
STORE = os.environ.get("QUOTA_STORE")


@asynccontextmanager
async def connected(app: FastAPI) -> AsyncIterator[None]:
    """Open the session in the worker that uses it, never before it forks."""
    async with mi_async.connect(base_url=SERVICE, quota_store=STORE, max_wait=5.0) as session:
        await fail_if_hopeless(session)
        app.state.session = session
        yield


async def fail_if_hopeless(session: mi_async.Session) -> None:
    """End a worker whose store wants another password; one whose store is away for a moment starts."""
    try:
        await session.check_quota_store()
    except mi_async.QuotaStoreError as error:
        if error.permanent:
            raise


app = FastAPI(lifespan=connected)


@app.exception_handler(mi_async.MIError)
async def failed(_request: Request, error: mi_async.MIError) -> JSONResponse:
    """Answer with a status, and with when to come again."""
    status = next(status for kind, status in STATUSES if isinstance(error, kind))
    wait = getattr(error, "wait", None) or getattr(error, "retry_after", None)
    headers = {"Retry-After": str(math.ceil(wait))} if wait else None
    return JSONResponse({"error": type(error).__name__, "message": str(error)}, status, headers)


@app.post("/upload-urls/{name}")
async def upload_url(name: str, request: Request) -> dict[str, str]:
    """Issue a URL to which a browser uploads a thumbnail."""
    presigned = await request.app.state.session.workspace("newsroom").thumbnails.presign(name)
    return {"key": presigned.thumbnail_key, "url": presigned.url}


@app.get("/quota")
async def quota(request: Request) -> dict[str, dict[str, int]]:
    """Show the quotas: slots used by all workers, the workers that use them, and the callers in line of this one."""
    states = request.app.state.session.quota.items()
    return {name: {"used": state.used, "holders": state.holders, "waiting": state.waiting} for name, state in states}
