"""What the storage and the way to it can say, as our errors.

Law: pure; no foreign exception leaves the package, and no message quotes a URL. What went wrong here is not said to be
the network, and is not repeated.
"""

from typing import Any

from mi_async._core.envelope import date
from mi_async._core.wire import Response
from mi_async.errors import (
    APIError,
    AuthenticationError,
    ConfigError,
    ConnectError,
    CredentialsError,
    DisconnectedError,
    InvalidArgumentError,
    MIError,
    PermissionDeniedError,
    ResponseError,
    ServerError,
    TimeoutError,  # noqa: A004  ours
    error_class,
)

SKEWED = "RequestTimeTooSkewed"
WORDS: dict[str, type[APIError]] = {
    "InvalidAccessKeyId": AuthenticationError,
    "SignatureDoesNotMatch": AuthenticationError,
    SKEWED: AuthenticationError,
    "AccessDenied": PermissionDeniedError,
    # Refusals with a status below 500 that another try mends.
    "BadDigest": ServerError,
    "RequestTimeout": ServerError,
    "OperationAborted": ServerError,
}
"""Codes of S3 whose status alone would say too little."""

ON_THE_WAY: tuple[tuple[str, type[MIError], str], ...] = (
    ("ConnectTimeoutError", ConnectError, "no connection in time"),
    ("ProxyConnectionError", ConnectError, "the proxy cannot be reached or refuses"),
    ("SSLError", ConnectError, "no secure connection"),
    ("ReadTimeoutError", TimeoutError, "no answer in time"),
    ("TimeoutError", TimeoutError, "no end in time"),
    ("ResponseParserError", ResponseError, "the answer is not what S3 says"),
    ("ConnectionClosedError", DisconnectedError, "the connection broke"),
    ("EndpointConnectionError", DisconnectedError, "the connection broke"),
    ("HTTPClientError", DisconnectedError, "the connection broke"),
    ("IncompleteReadError", DisconnectedError, "the connection broke"),
    ("NoCredentialsError", CredentialsError, "no keys"),
    ("ParamValidationError", InvalidArgumentError, "no request can name this bucket or object"),
    ("BotoCoreError", InvalidArgumentError, "no such request can be made"),
)
"""Errors of botocore by name, the first that names the class or one of its bases."""
UNREACHED = "ClientConnectorError"


def refusal(error: Any, what: str, now: float) -> APIError:
    """Our error for a ``ClientError``, an answer of the storage that says no; ``now`` in seconds since the epoch."""
    said, meta = error.response.get("Error", {}), error.response.get("ResponseMetadata", {})
    status, code = int(meta.get("HTTPStatusCode", 0)), str(said.get("Code", ""))
    kind = WORDS.get(code) or error_class(status, code)
    text = str(said.get("Message", "")) or "no reason given"
    ours = kind(status, code, f"{what}: {text}", request_id=meta.get("RequestId"), operation="storage")
    theirs = date(Response(status, {"Date": meta.get("HTTPHeaders", {}).get("date", "")}, b""))
    if code == SKEWED and theirs is not None and isinstance(ours, AuthenticationError):
        ours.name_offset(theirs - now)
    return ours


def breakdown(error: BaseException, what: str) -> MIError:
    """Our error for whatever kept us from an answer."""
    names = [base.__name__ for base in type(error).__mro__]
    cause = error.__context__
    below = {base.__name__ for base in type(cause).__mro__}
    if "EndpointConnectionError" in names and UNREACHED in below:
        return ConnectError(f"{what}: {cause}")
    if isinstance(cause, OSError) and cause.filename is not None:
        # A file here, such as one of certificates: nothing was sent.
        return ConfigError(f"{what}: {cause.filename} cannot be read: {cause.strerror}")
    for name, kind, text in ON_THE_WAY:
        if name in names:
            return kind(f"{what}: {text}")
    return ResponseError(f"{what}: {type(error).__name__}")


def unmade(error: BaseException) -> ConfigError:
    """Our error for whatever kept us from making a client."""
    return ConfigError(f"no client of Object Storage can be made: {type(error).__name__}")
