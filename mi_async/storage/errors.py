"""Map what the storage says to `MIError` classes; the network has a mapping of its own in `_core.network_errors`.

Invariant: pure; no foreign exception leaves the package, and no message quotes a query, a proxy or a signature. What
went wrong here is not said to be the network, and is not retried.
"""

import errno
import os
import re
from collections.abc import Mapping
from html import unescape

from yarl import URL

from mi_async._core.envelope import date
from mi_async._core.files import EXHAUSTED, is_transient
from mi_async._core.http_messages import Response
from mi_async.errors import (
    APIError,
    AuthenticationError,
    ConfigError,
    InvalidArgumentError,
    InvalidRequestError,
    MIError,
    NotFoundError,
    PermissionDeniedError,
    ResourceError,
    ResponseError,
    ServerError,
    error_class,
)
from mi_async.storage.models import Call
from mi_async.text import escaped, one_line

SKEWED = "RequestTimeTooSkewed"
DENIED = "AccessDenied"
WORDS: dict[str, type[APIError]] = {
    "InvalidAccessKeyId": AuthenticationError,
    "SignatureDoesNotMatch": AuthenticationError,
    SKEWED: AuthenticationError,
    DENIED: PermissionDeniedError,
    # A completion may be refused in the body of a 200.
    "InvalidPart": InvalidRequestError,
    "InvalidPartOrder": InvalidRequestError,
    "NoSuchUpload": NotFoundError,
    # Refusals with a status below 500 that another try mends.
    "BadDigest": ServerError,
    "RequestTimeout": ServerError,
    "OperationAborted": ServerError,
}
"""Codes of S3 whose status alone would say too little."""
ELSEWHERE = frozenset({"AuthorizationHeaderMalformed", "PermanentRedirect", "IllegalLocationConstraintException"})
"""Codes of S3 that mean that the region or the endpoint is another one."""
ADVICE = {
    "InvalidAccessKeyId": "the storage does not know the access key: is it a key of this account and region?",
    "SignatureDoesNotMatch": "the secret key does not belong to the access key, or a proxy changed the request",
}
PERMISSIONS = {
    "head_object": "s3:GetObject",
    "delete_object": "s3:DeleteObject",
    "get_object": "s3:GetObject",
    "put_object": "s3:PutObject",
    "create_multipart_upload": "s3:PutObject",
    "upload_part": "s3:PutObject",
    "complete_multipart_upload": "s3:PutObject",
    "list_parts": "s3:ListMultipartUploadParts",
    "abort_multipart_upload": "s3:AbortMultipartUpload",
    "list_multipart_uploads": "s3:ListBucketMultipartUploads",
    "list_objects": "s3:ListBucket",
    "list_objects_v2": "s3:ListBucket",
}
"""Permission that a key needs for each call, as S3's policies name it."""
SKEW_OF_S3 = 900.0
"""Seconds by which a timestamp may be off."""
TEXT = 300
"""Characters of the storage's own words that a message quotes."""
READ = 64 * 1024
"""Bytes of a refusal that are looked at."""


def refusal_text(answer: Response, member: str) -> str:
    """Return the text of a member of a refusal, '' where there is none; no refusal is too odd to be read."""
    found = re.search(rf"<{member}>(.*?)</{member}>", answer.body[:READ].decode("utf-8", "replace"), re.DOTALL)
    return one_line(unescape(found[1]))[:TEXT] if found else ""


def storage_error(answer: Response, call: Call, now: float) -> MIError:
    """Return our error for an answer of the storage that says no.

    Args:
        answer: a status from 400.
        call: what was asked.
        now: seconds since the epoch, by which the request was signed.
    """
    code = refusal_text(answer, "Code")
    if code in ELSEWHERE:
        return redirected(answer, call)
    behind = _offset(answer, code, now)
    kind = AuthenticationError if behind is not None else WORDS.get(code) or error_class(answer.status, code)
    advice = ADVICE.get(code) or (_missing(call) if kind is PermissionDeniedError else "")
    message = "; ".join(filter(None, (f"{call}: {refusal_text(answer, 'Message') or 'no reason given'}", advice)))
    ours = kind(answer.status, code, message, request_id=_request_id(answer), operation="storage")
    if isinstance(ours, PermissionDeniedError) and "Key" in call.place.names:
        ours.stored_object = str(call.place)
    if isinstance(ours, AuthenticationError):
        ours.clock_offset = behind  # compared with what was signed; the connection makes it that of this machine
    return ours


def _request_id(answer: Response) -> str | None:
    return answer.headers.get("x-amz-request-id") or refusal_text(answer, "RequestId") or None


def _missing(call: Call) -> str:
    permission = PERMISSIONS.get(call.operation, "its permission")
    return f"the key needs {permission} on {call.place}, or a lock or policy of the bucket forbids it"


def _offset(answer: Response, code: str, now: float) -> float | None:
    """Return by how much the storage's clock is ahead, if that is why it refuses; a HEAD is refused without a code."""
    # S3 refuses a timestamp that is 15 minutes off. Its answer shows its own clock, so that one retry by that clock
    # succeeds where SDKs that sign by the local clock fail until somebody sets it (boto3 #1252).
    theirs = date({"Date": answer.headers.get("date", "")})
    if theirs is None:
        return 0.0 if code == SKEWED else None
    is_off = answer.status in {400, 403} and code in {"", DENIED} and abs(theirs - now) >= SKEW_OF_S3
    return theirs - now if code == SKEWED or is_off else None


def redirected(answer: Response, call: Call) -> ConfigError:
    """Return our error for an answer that sends us elsewhere; nobody goes there, with the keys or with the file."""
    region = answer.headers.get("x-amz-bucket-region") or refusal_text(answer, "Region")
    host = _host(answer.headers.get("location", "")) or refusal_text(answer, "Endpoint")
    where = f" to {one_line(host)[:TEXT]}" if host else ""
    if region:
        what = f"set the region {one_line(region)[:TEXT]!r} (Storage(region=...)) and the endpoint of that region"
    else:
        what = "set the endpoint itself (Storage(url=...), --storage-url)"
    return ConfigError(f"{call}: HTTP {answer.status}, the storage redirects{where}; this is not followed: {what}")


def _host(location: str) -> str:
    try:
        url = URL(location, encoded=True)
        host, port = url.host or "", url.explicit_port
    except ValueError:
        return ""
    return host if port is None else f"{host}:{port}"


UNSENT: Mapping[str, tuple[type[MIError], str]] = {
    "ResponseParserError": (ResponseError, "the answer is not what S3 says"),
    "ParamValidationError": (InvalidArgumentError, "no request can name this bucket or object"),
    "BotoCoreError": (InvalidArgumentError, "no such request can be made"),
}
"""Errors of botocore by name, the first that names the class or one of its bases."""


def breakdown(error: BaseException, call: Call) -> MIError:
    """Return our error for whatever the library could not make of a call or of an answer."""
    response = getattr(error, "response", None)
    if isinstance(response, dict):  # a success by its status, and a refusal by its content
        return _refused_inside(response, call)
    names = [base.__name__ for base in type(error).__mro__]
    for name, (kind, text) in UNSENT.items():
        if name in names:
            return kind(f"{call}: {text}")
    return ResponseError(f"{call}: the answer is not what S3 says ({type(error).__name__})")


def _refused_inside(response: Mapping[str, object], call: Call) -> MIError:
    """Return our error for HTTP 200 with the refusal in the body: a completion may be answered so."""
    inside = response.get("Error")
    members: Mapping[str, object] = inside if isinstance(inside, Mapping) else {}
    code, text = str(members.get("Code", "")), one_line(str(members.get("Message", "")))[:TEXT]
    kind = WORDS.get(code) or error_class(500, code)
    return kind(500, code, f"{call}: {text or 'no reason given'}", operation="storage")


def unmade(error: BaseException, url: str) -> ConfigError | ResourceError:
    """Return our error for whatever kept us from making a client of the storage at a URL.

    Loading the library opens some hundred files; a machine that is out of file descriptors or memory fails then.
    """
    if (reason := _shortage(error)) is not None:
        return ResourceError(f"no client of Object Storage can be made now: {reason}", source=url)
    detail = f": {escaped(str(error))}" if isinstance(error, ImportError) else ""  # others may quote a proxy
    return ConfigError(f"no client of Object Storage can be made: {type(error).__name__}{detail}")


def _shortage(error: BaseException | None) -> str | None:
    """Return what the machine is out of, if that is at the bottom of an error; None otherwise."""
    while error is not None:
        if isinstance(error, OSError) and is_transient(error):
            return error.strerror
        if isinstance(error, MemoryError):
            return os.strerror(errno.ENOMEM)
        if isinstance(error, ImportError):  # a module in C has no errno: "...: cannot open shared object file: ..."
            for number in EXHAUSTED:
                if os.strerror(number) in str(error):
                    return os.strerror(number)
        error = error.__cause__ or error.__context__
    return None
