"""What the storage and the way to it can say, as our errors.

Law: pure; no foreign exception leaves the package, and no message quotes a URL.
"""

from typing import Any

from mi_async.errors import (
    APIError,
    AuthenticationError,
    ConnectError,
    CredentialsError,
    DisconnectedError,
    MIError,
    PermissionDeniedError,
    ResponseError,
    ServerError,
    TimeoutError,  # noqa: A004  ours
    error_class,
)

WORDS: dict[str, type[APIError]] = {
    "InvalidAccessKeyId": AuthenticationError,
    "SignatureDoesNotMatch": AuthenticationError,
    "RequestTimeTooSkewed": AuthenticationError,
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
    ("NoCredentialsError", CredentialsError, "no keys"),
)
"""Errors of botocore by name, the first that names the class or one of its bases."""
UNREACHED = "ClientConnectorError"


def refusal(error: Any, what: str) -> APIError:
    """Our error for a ``ClientError``, an answer of the storage that says no."""
    said, meta = error.response.get("Error", {}), error.response.get("ResponseMetadata", {})
    status, code = int(meta.get("HTTPStatusCode", 0)), str(said.get("Code", ""))
    kind = WORDS.get(code) or error_class(status, code)
    text = str(said.get("Message", "")) or "no reason given"
    return kind(status, code, f"{what}: {text}", request_id=meta.get("RequestId"), operation="storage")


def breakdown(error: BaseException, what: str) -> MIError:
    """Our error for whatever kept us from an answer."""
    names = [base.__name__ for base in type(error).__mro__]
    below = {base.__name__ for base in type(error.__context__).__mro__}
    if "EndpointConnectionError" in names and UNREACHED in below:
        return ConnectError(f"{what}: {error.__context__}")
    for name, kind, text in ON_THE_WAY:
        if name in names:
            return kind(f"{what}: {text}")
    return ResponseError(f"{what}: {type(error).__name__}")
