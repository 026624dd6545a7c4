"""A large file into a bucket in parts: obstore against aiobotocore against ours, over loopback to a moto server.

obstore hides its parts: no upload id, no list of parts, nothing to take up after a crash. It runs with what it has
(parts of the same size, as many at once). Bare aiobotocore does by hand what any resumable upload needs: create, read a
part, MD5, send it, complete. Ours adds the record, the checks and the pace. Then the question that decides: what is
sent again after a kill in mid-way.
"""

import asyncio
import base64
import hashlib
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.request import Request, urlopen

from harness import CLIENT_CORE, SERVER_CORE, Runs, fastest, options, pin, run_clients, scaled
from results import Table, finish

import mi_async
from mi_async.storage.local_file import LocalFile
from mi_async.storage.part_layout import PartLayout
from mi_async.storage.upload import send

SIZE = scaled(32, 2) * 16 * 2**20
BUCKET = "bench"
MIB = 2**20
CUT = PartLayout(SIZE)
KEYS = ("ACCESS", "SECRET")
REGION = "us-east-1"


async def obstore(url: str, path: Path, key: str) -> None:
    from obstore.store import S3Store  # noqa: PLC0415  only this variant loads it

    store = S3Store(
        BUCKET, endpoint=url, access_key_id=KEYS[0], secret_access_key=KEYS[1], region=REGION,
        unsigned_payload=True, virtual_hosted_style_request=False, client_options={"allow_http": True},
    )  # fmt: skip
    await store.put_async(key, path, chunk_size=CUT.part_size, max_concurrency=CUT.at_once, use_multipart=True)


async def aiobotocore(url: str, path: Path, key: str) -> None:
    from aiobotocore.config import AioConfig  # noqa: PLC0415  only this variant loads it
    from aiobotocore.session import AioSession  # noqa: PLC0415  same

    config = AioConfig(
        s3={"addressing_style": "path", "payload_signing_enabled": False}, request_checksum_calculation="when_required"
    )
    client = AioSession().create_client(
        "s3", endpoint_url=url, region_name=REGION, aws_access_key_id=KEYS[0],
        aws_secret_access_key=KEYS[1], config=config,
    )  # fmt: skip
    async with client as s3:
        upload = (await s3.create_multipart_upload(Bucket=BUCKET, Key=key))["UploadId"]
        numbers, etags = iter(CUT), dict[int, str]()
        with path.open("rb") as file:

            async def worker() -> None:
                for number in numbers:
                    body = await asyncio.to_thread(os.pread, file.fileno(), CUT.length(number), CUT.offset(number))
                    digest = await asyncio.to_thread(hashlib.md5, body)
                    answer = await s3.upload_part(
                        Bucket=BUCKET, Key=key, UploadId=upload, PartNumber=number, Body=io.BytesIO(body),
                        ContentMD5=base64.b64encode(digest.digest()).decode(),
                    )  # fmt: skip
                    etags[number] = answer["ETag"]

            await asyncio.gather(*(worker() for _ in range(CUT.at_once)))
        parts = [{"PartNumber": number, "ETag": etags[number]} for number in CUT]
        await s3.complete_multipart_upload(Bucket=BUCKET, Key=key, UploadId=upload, MultipartUpload={"Parts": parts})


async def ours(url: str, path: Path, key: str) -> None:
    storage = mi_async.Storage(url, REGION)
    async with mi_async.connect(mi_async.Credentials(*KEYS), storage=storage) as session:
        with LocalFile.open(path) as file:
            await send(session._store, file, mi_async.StoredObject(BUCKET, key))  # noqa: SLF001  a step of ingest_asset


VARIANTS: dict[str, tuple[str, Callable[[str, Path, str], Coroutine[None, None, None]]]] = {
    "obstore": ("obstore put_async", obstore),
    "aiobotocore": ("aiobotocore, parts by hand", aiobotocore),
    "ours": ("mi_async", ours),
}


def client(variant: str, url: str, path: Path) -> dict[str, float]:
    """One upload: seconds, CPU seconds, and MiB at the peak."""
    before, cpu = time.perf_counter(), time.process_time()
    asyncio.run(VARIANTS[variant][1](url, path, f"{variant}-{os.getpid()}"))
    return {
        "seconds": time.perf_counter() - before,
        "cpu": time.process_time() - cpu,
        "mib": peak(),
    }


def peak() -> float:
    """MiB of this process at its peak (Linux); what getrusage says may be its parent's."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


@contextmanager
def moto() -> Iterator[tuple[str, Path]]:
    """Run a moto server with a bucket, in a process of its own; gives its URL and its log, a line per request."""
    with TemporaryDirectory() as folder:
        log = Path(folder, "log")
        command = [sys.executable, str(Path(__file__).resolve()), "--client", "server"]
        with log.open("wb") as errors, subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors) as process:
            assert process.stdout is not None
            url = f"http://127.0.0.1:{int(process.stdout.readline())}"
            scope = f"AWS4-HMAC-SHA256 Credential=A/20260101/{REGION}/s3/aws4_request, SignedHeaders=host, Signature=0"
            with urlopen(Request(f"{url}/{BUCKET}", method="PUT", headers={"Authorization": scope})):  # noqa: S310  a server of ours
                pass
            try:
                yield url, log
            finally:
                process.terminate()


def serve() -> None:
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app  # noqa: PLC0415  only the server loads it
    from werkzeug.serving import make_server  # noqa: PLC0415  same

    pin(SERVER_CORE)
    server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True)
    print(server.server_port, flush=True)
    server.serve_forever()


def parts(log: Path) -> int:
    """Return the number of parts that have arrived whole; one that a kill has cut off is answered with a 400."""
    lines = log.read_text("utf-8", "replace").splitlines()
    return sum('"PUT' in line and "partNumber" in line and '" 200 ' in line for line in lines)


def killed(variant: str, path: Path) -> tuple[int, int]:
    """Return the parts that had arrived when the client was killed in mid-way, and those of the run after it."""
    with moto() as (url, log):
        command = [sys.executable, __file__, "--url", url, "--ca", str(path), "--client", f"{variant}@fixed"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            while parts(log) < CUT.count // 2:
                time.sleep(0.01)
            process.kill()
        time.sleep(0.5)
        before = parts(log)
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        return before, parts(log) - before


def main() -> None:
    given = options(__doc__, repetitions=3).parse_args()
    if given.client == "server":
        serve()
        return
    if given.client:
        variant, _, fixed = given.client.partition("@")
        pin(CLIENT_CORE)
        if fixed:
            asyncio.run(VARIANTS[variant][1](given.url, Path(given.ca), f"{variant}-fixed"))
        else:
            json.dump(client(variant, given.url, Path(given.ca)), sys.stdout)
        sys.stdout.flush()
        os._exit(0)  # obstore 0.12.1 has done its work and then aborts the process on its way out
    with TemporaryDirectory() as folder:
        path = Path(folder, "film.bin")
        with path.open("wb") as file:
            for _ in range(SIZE // MIB):
                file.write(os.urandom(MIB))
        with moto() as (url, _):
            runs = run_clients([__file__, "--url", url, "--ca", str(path), "--client"], list(VARIANTS), given.reps)
        kills = {variant: killed(variant, path) for variant in list(VARIANTS)[-scaled(len(VARIANTS)) :]}
    before, after = kills["ours"]
    figures = {"again": float(max(0, before + after - CUT.count))}
    figures |= {name: fastest(runs, "ours", name) / fastest(runs, "aiobotocore", name) for name in ("seconds", "cpu")}
    finish(given.json, figures, shown(runs, kills), packages=("aiobotocore", "obstore", "moto"))


def shown(runs: Runs, kills: dict[str, tuple[int, int]]) -> Table:
    rows = []
    for variant, (label, _run) in VARIANTS.items():
        seconds, cpu, mib = (fastest(runs, variant, figure) for figure in ("seconds", "cpu", "mib"))
        before, after = kills.get(variant, ("", ""))
        speeds = [f"{SIZE / MIB / seconds:.0f}", f"{cpu / SIZE * MIB * 1e3:.2f}", f"{mib:.0f}"]
        rows.append([label, *speeds, f"{before}", f"{after}"])
    head = ["", "MiB/s", "CPU ms per MiB", "peak MiB", "parts before kill", "after"]
    return Table(f"{SIZE // MIB} MiB in {CUT.count} parts", head, rows)


if __name__ == "__main__":
    main()
