"""A real S3 implementation (moto) for tests: a server in a thread on a free port, and what it was asked."""

import functools
import logging
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from html import unescape
from http.client import HTTPConnection
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, quote

from attrs import define, field
from botocore.loaders import JSONFileLoader
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.s3.models import FakeKey
from werkzeug.serving import WSGIRequestHandler, make_server

from mi_async.emulator.objects import EmulatedObject as Found
from mi_async.emulator.objects import by_name

BUCKET = "footage"


def _one_at_a_time() -> None:
    """Let moto hash an object in one thread at a time.

    A part is listed before it is hashed for the answer to its PUT, and a listing hashes it too, by the same position
    in the same file: it then shows the ETag of nothing, and the client sends again what has arrived.
    """
    moto: Any = FakeKey
    etag, hashing = moto.etag.fget, threading.Lock()

    def hashed(key: FakeKey) -> str:
        with hashing:
            return str(etag(key))

    moto.etag = property(hashed)


def _read_once() -> None:
    """Let botocore parse each of its models once in a process, not for each of some hundred clients."""
    loader: Any = JSONFileLoader
    read = functools.cache(functools.partial(loader._load_file, loader()))
    loader._load_file = lambda _loader, path, open_method: read(path, open_method)


_one_at_a_time()
_read_once()
Refusal = tuple[str, str]
"""Status line and code of S3."""
Headers = list[tuple[str, str]]


class Silent(WSGIRequestHandler):
    """Writes no log."""

    def log(self, *_arguments: Any) -> None:
        """Write nothing."""


@define(eq=False)
class Bucket:
    """A server with one bucket.

    Attributes:
        url: where it is.
        asked: how often each kind of request was made.
        parts: numbers of the parts that were sent, in order.
        headers: of all requests.
        refuse: asked before each request; what it gives is answered instead.
        poor: keys of films of which the service finds the resolution too low.
        lose: kinds of request that are carried out and then answered with a failure, each once.
        dress: changes the headers of answers, by the kind of request.
        forbidden: keys of objects that may not be written.
        aliases: what stands for an ETag in a completion, and the ETag that it is.
    """

    url: str
    asked: Counter[str] = field(factory=Counter)
    parts: list[int] = field(factory=list)
    headers: list[dict[str, str]] = field(factory=list)
    refuse: Callable[[str, dict[str, list[str]]], Refusal | None] = lambda _kind, _query: None
    lose: set[str] = field(factory=set)
    poor: set[str] = field(factory=set)
    dress: Callable[[str, Headers], Headers] = lambda _kind, headers: headers
    forbidden: set[str] = field(factory=set)
    aliases: dict[str, str] = field(factory=dict)

    @property
    def address(self) -> str:
        return self.url.removeprefix("http://")

    def ask(self, method: str, target: str, body: bytes | None = None) -> tuple[int, dict[str, str], bytes]:
        connection = HTTPConnection(self.address)
        signed = "AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
        connection.request(method, target, body, {"Authorization": signed})
        answer = connection.getresponse()
        found = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        connection.close()
        return found

    def get(self, key: str) -> bytes | None:
        status, _, body = self.ask("GET", f"/{BUCKET}/{quote(key)}")
        return body if status == 200 else None

    def put(self, key: str, body: bytes) -> None:
        assert self.ask("PUT", f"/{BUCKET}/{quote(key)}", body)[0] == 200

    def empty(self) -> None:
        """Start afresh."""
        self.refuse = lambda _kind, _query: None
        self.dress = lambda _kind, headers: headers
        self.lose.clear()
        self.poor.clear()
        self.forbidden.clear()
        self.aliases.clear()
        self.ask("POST", "/moto-api/reset")
        made = self.ask("PUT", f"/{BUCKET}")
        assert made[0] == 200, made
        self.forget_counts()

    def forget_counts(self) -> None:
        self.asked.clear()
        self.parts.clear()
        self.headers.clear()

    def _uploads(self) -> list[tuple[str, str]]:
        listed = self.ask("GET", f"/{BUCKET}?uploads")[2].decode()
        return [
            (quote(unescape(key)), upload)
            for upload, key in re.findall("<UploadId>(.*?)</UploadId><Key>(.*?)</Key>", listed)
        ]

    def unfinished(self) -> int:
        """Multipart uploads that nobody has ended."""
        return len(self._uploads())

    def arrived(self) -> list[int]:
        """Numbers of the parts of the one unfinished upload."""
        ((key, upload),) = self._uploads()
        listed = self.ask("GET", f"/{BUCKET}/{key}?uploadId={upload}")[2].decode()
        return [int(number) for number in re.findall("<PartNumber>(.*?)</PartNumber>", listed)]

    def forget(self) -> None:
        """Give every unfinished upload up; a part that is still arriving may come in between."""
        for _ in range(100):
            uploads = self._uploads()
            if not uploads:
                return
            for key, upload in uploads:
                self.ask("DELETE", f"/{BUCKET}/{key}?uploadId={upload}")
        message = "uploads that cannot be given up"
        raise AssertionError(message)

    def replace_part(self, number: int, body: bytes) -> None:
        """Put another part in the place of one of the one unfinished upload."""
        ((key, upload),) = self._uploads()
        assert self.ask("PUT", f"/{BUCKET}/{key}?partNumber={number}&uploadId={upload}", body)[0] == 200

    async def look(self, bucket: str, key: str) -> Found | None:
        """For ``Settings.objects``: what the emulator is told of an object is whether, and how large, it is here."""
        status, headers, _ = self.ask("HEAD", f"/{quote(bucket)}/{quote(key)}")
        made_up = await by_name(bucket, key)
        if status != 200 or made_up is None:
            return None
        lines = 240 if key in self.poor else 720
        size = int(headers["content-length"])
        return Found(made_up.digest, made_up.format, size, 1280, lines, made_up.duration_ms, readable=True)

    @staticmethod
    def quoted(key: str) -> str:
        return quote(key)


def _kind(method: str, query: dict[str, list[str]], bucket_only: bool) -> str:
    if bucket_only:
        return f"bucket {method}"
    names = {"partNumber": "part", "uploads": "begin", "uploadId": "upload"}
    return f"{next((word for name, word in names.items() if name in query), 'object')} {method}"


@define(eq=False)
class _Counted:
    application: Callable[..., Iterable[bytes]]
    bucket: Bucket

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        query = parse_qs(environ["QUERY_STRING"], keep_blank_values=True)
        path: str = environ["PATH_INFO"]
        kind = _kind(environ["REQUEST_METHOD"], query, path.count("/") < 2)
        self.bucket.asked[kind] += 1
        self.bucket.headers.append({name: str(value) for name, value in environ.items() if name.startswith("HTTP_")})
        refusal = self.bucket.refuse(kind, query)
        key = path.encode("latin-1").decode().removeprefix(f"/{BUCKET}/")
        if kind == "object PUT" and key in self.bucket.forbidden:
            refusal = ("403 Forbidden", "AccessDenied")
        if kind in self.bucket.lose:
            self.bucket.lose.discard(kind)
            b"".join(self.application(environ, lambda *_answer: None))
            refusal = ("500 Internal Server Error", "InternalError")
        elif refusal is not None:
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        if refusal is not None:
            start(refusal[0], [("Content-Type", "application/xml")])
            if environ["REQUEST_METHOD"] == "HEAD":
                return []
            return [f"<Error><Code>{refusal[1]}</Code><Message>As a test wants it.</Message></Error>".encode()]
        if kind == "upload POST" and self.bucket.aliases:
            self._translate(environ)
        if kind == "part PUT":
            self.bucket.parts.append(int(query["partNumber"][0]))

        def dressed(status: str, headers: Headers, *more: Any) -> Any:
            return start(status, self.bucket.dress(kind, headers), *more)

        return self.application(environ, dressed)

    def _translate(self, environ: dict[str, Any]) -> None:
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])).decode()
        for alias, etag in self.bucket.aliases.items():
            body = body.replace(f"<ETag>{alias}</ETag>", f"<ETag>{etag}</ETag>")
        environ["wsgi.input"], environ["CONTENT_LENGTH"] = BytesIO(body.encode()), str(len(body.encode()))


@contextmanager
def bucket() -> Iterator[Bucket]:
    """Serve S3 with an empty bucket."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    served = Bucket("")
    application = _Counted(DomainDispatcherApplication(create_backend_app), served)
    server = make_server("127.0.0.1", 0, application, threaded=True, request_handler=Silent)
    served.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        served.empty()
        yield served
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
