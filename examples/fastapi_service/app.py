"""A web service of several workers over one account of Media Intelligence.

    pip install '../..[cli,web]' fastapi uvicorn python-multipart
    export NCLOUD_ACCESS_KEY_ID=... NCLOUD_SECRET_ACCESS_KEY=... QUOTA_STORE=redis://cache:6379/0
    uvicorn app:app --workers 4 --timeout-graceful-shutdown 20

Each worker is a process with a session of its own; the store makes them one account. Without a store, WORKERS=4 gives
each of four workers its part of every quota. With MI_ASYNC_BASE_URL it is the emulator's instead of the service's:
`mi-async emulator` prints that and its keys.

SIGTERM stops it: no new requests, and 20 s for those in flight. What is cut off then is in the log, with what exists at
the service. With gunicorn that takes the worker in `graceful_worker.py`.
"""

import logging
import os
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from fractions import Fraction
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Query, Request, UploadFile
from fastapi.responses import JSONResponse, PlainTextResponse
from metrics import Metrics

import mi_async

ONCE = mi_async.RetryPolicy(max_attempts=1)

logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")


def settings() -> dict[str, Any]:
    """Read the settings of the session from the environment."""
    told: dict[str, Any] = {"max_wait": 5.0, "timeout": mi_async.Timeout(total=60.0)}
    if url := os.environ.get("MI_ASYNC_BASE_URL"):
        told["base_url"] = url
    if store := os.environ.get("QUOTA_STORE"):
        told["quota_store"] = store
    elif workers := os.environ.get("WORKERS"):
        told["quota_share"] = Fraction(1, int(workers))
    else:
        logging.getLogger("newsroom").warning("neither QUOTA_STORE nor WORKERS is set: right for one worker only")
    return told


@asynccontextmanager
async def connected(app: FastAPI) -> AsyncGenerator[None]:
    """Open the session in the worker that uses it, never before it forks."""
    app.state.metrics = metrics = Metrics()
    async with mi_async.connect(hooks=metrics.hooks, **settings()) as session:
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


app = FastAPI(title="Newsroom", lifespan=connected)


def newsroom_of(request: Request) -> mi_async.Workspace:
    """Return the workspace, with less time for a call than the client has patience for."""
    session: mi_async.Session = request.app.state.session
    newsroom = session.workspace(os.environ.get("MI_ASYNC_WORKSPACE", "newsroom"))
    return newsroom.with_options(timeout=30.0)


Newsroom = Annotated[mi_async.Workspace, Depends(newsroom_of)]


@app.exception_handler(mi_async.MIError)
async def failed(_request: Request, error: mi_async.MIError) -> JSONResponse:
    """Answer with a status, and with when to come again; what is not the client's fault is for the log alone."""
    status, wait = mi_async.http_status(error), mi_async.retry_after(error)
    message = str(error)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        logging.getLogger("newsroom").error("%s: %s", type(error).__name__, message)
        message = "internal error" if status == HTTPStatus.INTERNAL_SERVER_ERROR else "try again later"
    headers = {} if wait is None else {"Retry-After": str(wait)}
    return JSONResponse({"error": type(error).__name__, "message": message}, status, headers)


@app.put("/persons/{name}")
async def enroll(name: str, images: list[UploadFile], newsroom: Newsroom) -> mi_async.Person:
    """Enroll a person; a client that got no answer sends the same request again, so it is 200 and never 201."""
    return await newsroom.enroll_person(name, images, if_exists="complete")


@app.get("/persons/{person_id}")
async def person(person_id: int, newsroom: Newsroom) -> mi_async.Person:
    """Get a person with thumbnails and tags."""
    return await newsroom.persons.get(person_id)


@app.get("/scenes")
async def scenes(
    text: str, newsroom: Newsroom, limit: Annotated[int, Query(ge=1, le=100)] = 20
) -> list[mi_async.SceneHit]:
    """Search the analysed assets, the best scenes first."""
    async with aclosing(newsroom.search_scenes(text, limit=limit, timeout=20.0)) as found:
        return [scene async for scene in found]


@app.post("/projects/{project_id}/assets", status_code=202)
async def ingest(project_id: int, bucket: str, key: str, newsroom: Newsroom) -> dict[str, str]:
    """Import a media file that is in the bucket; the answer names the job, and any worker can tell how it is."""
    return {"job": str(await newsroom.import_asset(project_id, key=key, bucket_name=bucket))}


@app.post("/projects/{project_id}/assets/{asset_id}/index", status_code=202)
async def analyze(project_id: int, asset_id: int, newsroom: Newsroom) -> dict[str, str]:
    """Analyse an asset."""
    return {"job": str(await newsroom.analyze(project_id, asset_id))}


@app.get("/jobs/{token}")
async def job(token: str, newsroom: Newsroom) -> dict[str, str | None]:
    """Tell how a job is.

    By `workspace.job`, which refuses a token of another workspace: `session.job` would let a client that guesses tokens
    ask about anybody's jobs.
    """
    found = newsroom.job(token)
    state = await found.refresh()
    return {"job": found.id, "state": state, "phase": found.phase}


@app.post("/upload-urls/{name}")
async def upload_url(name: str, newsroom: Newsroom) -> dict[str, str]:
    """Issue a URL to which a browser uploads a thumbnail."""
    presigned = await newsroom.thumbnails.presign(name)
    return {"key": presigned.thumbnail_key, "url": presigned.url}


@app.get("/ready")
async def ready(request: Request) -> dict[str, float]:
    """Say if the service can be reached with our keys; a load balancer asks."""
    session: mi_async.Session = request.app.state.session
    ping = await session.with_options(timeout=2.0, retry=ONCE).ping()
    return {"seconds": ping.seconds}


@app.get("/metrics")
async def metrics(request: Request) -> PlainTextResponse:
    """Show the metrics of this worker in the text format of Prometheus."""
    session: mi_async.Session = request.app.state.session
    return PlainTextResponse(request.app.state.metrics.text(session.quota), media_type="text/plain; version=0.0.4")
