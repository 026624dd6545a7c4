"""Address of a request: a URL that is sent as it is and shown without its secrets.

Invariant: neither the query nor a user is in the str or the repr.
"""

from typing import Self

from attrs import define, field
from yarl import URL

from mi_async.errors import ResponseError
from mi_async.text import escaped


@define  # not frozen, which is half a point of a call
class Address:
    """A URL of a request, already percent-encoded.

    Attributes:
        url: what is sent; made with ``encoded=True``, because re-quoting would break a signature.
    """

    url: URL = field(repr=False)

    @classmethod
    def presigned(cls, text: str, *, secure: bool) -> Self:
        """Check a presigned URL that the service has issued.

        Args:
            text: the URL.
            secure: True if only https will do, because the service itself is reached by https.

        Raises:
            ResponseError: the body of an upload must not be sent there.
        """
        fault = _fault(text, secure=secure)
        if fault is not None:
            error = ResponseError(f"the presigned URL {fault}")
            error.permanent, error.ambiguous = True, False
            raise error
        return cls(URL(text, encoded=True))

    def __str__(self) -> str:
        """Show scheme, host, port and path."""
        url = self.url
        return escaped(f"{url.scheme}://{url.host}:{url.port}{url.raw_path}")


def _fault(text: str, *, secure: bool) -> str | None:
    """Return the fault of a presigned URL, None if it has none."""
    if not (text.isascii() and text.isprintable()) or " " in text:
        return "has characters that no URL has"
    url = absolute_url(text)
    if url is None:
        return "is not an absolute http or https URL"
    if url.raw_user is not None or url.raw_password is not None:
        return f"of {url.host} names a user, which would be sent as a password"
    if secure and url.scheme != "https":
        return f"of {url.host} is plain http, although the service is reached by https; nothing was sent"
    return None


def absolute_url(text: str) -> URL | None:
    """Return the URL as it is written, None if it is no absolute http or https URL."""
    try:
        url = URL(text, encoded=True)
        absolute = url.scheme in {"http", "https"} and url.host  # a port that is no number is found here
    except ValueError:
        return None
    return url if absolute else None
