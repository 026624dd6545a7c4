"""Refusals of the service: its documented error codes and limits, as tables.

Invariant: pure. A text is the documented one; what exactly was wrong travels beside it, and is added where it is shown.
Source: the common response codes, the API gateway's error handling page and the limits on the pages of each operation.
"""

import re
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import PurePosixPath
from typing import Any, TypeVar, cast

from attrs import frozen

from mi_async.errors import InvalidArgumentError
from mi_async.media.image import MIN_PIXELS
from mi_async.models import OpenEnum, Page

T = TypeVar("T")

EMULATED: Mapping[str, bool] = {"emulated": True}
"""Member of every object whose form no document shows: a client that reads its other members relies on the emulator."""


class Dialect(Enum):
    """The party that refuses, which decides the form of the answer."""

    SERVICE = "flat code and message"
    GATEWAY = "error object with errorCode"
    STORAGE = "XML of an S3-type storage"
    PROXY = "HTML page of a proxy in between"


@frozen(init=False)
class Rejection:
    """One way to say no: HTTP status, code and text in a dialect.

    ``Rejection(10069)`` is the documented one of that code, of the service or of its gateway; ``Rejection(422,
    "10072")`` the documented one of that status and code; ``Rejection(400, "10099", "New.")`` is one of your own.

    Raises:
        InvalidArgumentError: no such code is documented.
    """

    status: int
    code: str
    text: str
    dialect: Dialect

    def __init__(self, status: int, code: str = "", text: str = "", dialect: Dialect = Dialect.SERVICE) -> None:
        if not text:
            known = DOCUMENTED.get((status, code) if code else str(status))
            if known is None:
                codes = ", ".join(sorted((key for key in DOCUMENTED if isinstance(key, str)), key=int))
                message = f"no documented error {code or status}; give status, code and text, or one of {codes}"
                raise InvalidArgumentError(message)
            status, code, text, dialect = known.status, known.code, known.text, known.dialect
        cast("Any", self).__attrs_init__(status, code, text, dialect)  # written by attrs, unknown to pyright


# the first row of a code is the documented one: some that follow borrow the code of INVALID
DOCUMENTED: dict[str | tuple[int, str], Rejection] = {}
"""Documented errors of service and gateway, by code and by (status, code)."""


class Refused(Exception):  # noqa: N818  an answer of the service, not an error of the emulator
    """Raised by a body to refuse a request.

    Args:
        rejection: what the answer says.
        detail: what exactly was wrong.
    """

    def __init__(self, rejection: Rejection, detail: str = "") -> None:
        super().__init__(rejection, detail)
        self.rejection = rejection
        self.detail = detail


INVALID = Rejection(400, "10001", "Invalid Request.")
NOT_PERMITTED = Rejection(401, "10003", "Failed to check permissions.")
NOT_IMPORTED = Rejection(400, "10014", "Select the asset you want to analyze.")
FOLDER = Rejection(400, "10016", "Select the bucket to integrate (folder selection not available).")
TOO_MANY_ASSETS = Rejection(400, "10023", "You can request up to 10 assets at a time.")
BASE_RENAMED = Rejection(400, "10027", "The base project name can't be changed.")
BASE_DELETED = Rejection(400, "10033", "The base project can't be deleted.")
WRONG_BUCKET = Rejection(
    400,
    "10041",
    "The bucket integration is invalid. Check the bucket information again in the NAVER Cloud Platform console.",
)
ACL_FAILED = Rejection(400, "10046", "Failed to set object storage ACL.")
NO_OBJECT = Rejection(400, "10048", "Check the linked Object Storage settings")
NO_FACE = Rejection(400, "10069", "Please upload a large, clear image of your face, looking straight ahead.")
WRONG_FORMAT = Rejection(400, "10072", "Invalid file format.")
UNSUPPORTED_FORMAT = Rejection(422, "10072", "Invalid file format.")
CROP_FAILED = Rejection(400, "10073", "Image crop error.")
COVER_FAILED = Rejection(400, "10074", "Image cover upload failed.")
NO_REPRESENTATIVE = Rejection(400, "10075", "Representative thumbnail not exist.")
LAST_THUMBNAIL = Rejection(400, "10077", "Can not delete all thumbnails.")
NO_INDEX = Rejection(400, "50003", "Analyze result not exists.")
TWO_FILTERS = Rejection(400, "50010", "Either projectIds or assetIds should be provided, not both.")
TWO_QUERIES = Rejection(400, "50011", "Either imageQuery or textQuery should be provided, not both.")
TOO_MANY_PERSONS = Rejection(
    400, "50012", "Person query limit reached. You can only pass a maximum of 100 personIds at a time."
)
TOO_MANY_DIALOGUES = Rejection(
    400, "50013", "Script query limit reached. You can only pass a maximum of 100 scripts at a time."
)
NO_ASSET = Rejection(404, "10010", "The asset file does not exist.")
NO_PROJECT = Rejection(404, "10025", "The project does not exist.")
NOT_ANALYSING = Rejection(404, "10038", "Unanalyzed assets can't be canceled.")
NO_ANALYSIS = Rejection(404, "40002", "The asset analysis job does not exist.")
NO_WORKSPACE = Rejection(404, "10030", "The workspace does not exist.")
# No code is documented for a person or a tag that does not exist; the general one keeps clients to the status.
NOT_FOUND = Rejection(404, "10001", "Invalid Request.")
# No code is documented for these three, which have error tables of their own, by status.
RUNNING = Rejection(409, "10001", "Invalid Request.")
NOT_CANCELLABLE = Rejection(409, "10001", "Cannot cancel analysis in the current state")
NOT_SUMMARIZED = Rejection(409, "10001", "Invalid Request.")
PROJECT_TAKEN = Rejection(409, "10026", "This project name already exists.")
TOO_MANY_PROJECTS = Rejection(409, "10045", "Can create up to 1,000 items per workspace.")
PROJECT_NAME_TOO_LONG = Rejection(409, "10049", "The project name exceeds the maximum length(100).")
TAG_TAKEN = Rejection(409, "10062", "Tag already registered.")
TOO_MANY_ITEMS = Rejection(409, "10068", "You can register up to 500 items.")
TWO_PRIMARIES = Rejection(409, "10076", "Primary thumbnail exceeded the limit.")
WORKSPACE_TAKEN = Rejection(409, "20012", "Exist Workspace Name.")
NAME_TAKEN = Rejection(409, "50005", "The name is already in use. Please enter a different name.")
ANALYSING = Rejection(422, "10017", "Analyzing asset.")
UNEXPECTED = Rejection(500, "99999", "An error has occurred.")
UNIMPLEMENTED = Rejection(501, "99999", "The emulator has no body for this operation.")

BAD_REQUEST = Rejection(400, "100", "Bad Request Exception", Dialect.GATEWAY)
UNAUTHENTICATED = Rejection(401, "200", "Authentication Failed", Dialect.GATEWAY)
PERMISSION_DENIED = Rejection(401, "210", "Permission Denied", Dialect.GATEWAY)
NO_SUCH_API = Rejection(404, "300", "Not Found Exception", Dialect.GATEWAY)
TOO_LARGE = Rejection(413, "430", "Request Entity Too Large", Dialect.GATEWAY)
QUOTA_EXCEEDED = Rejection(429, "400", "Quota Exceeded", Dialect.GATEWAY)
RATE_LIMITED = Rejection(429, "420", "Rate Limited", Dialect.GATEWAY)
THROTTLED = Rejection(429, "410", "Throttle Limited", Dialect.GATEWAY)
GATEWAY_ERROR = Rejection(500, "900", "Unexpected Error", Dialect.GATEWAY)
ENDPOINT_ERROR = Rejection(503, "500", "Endpoint Error", Dialect.GATEWAY)
ENDPOINT_TIMEOUT = Rejection(504, "510", "Endpoint Timeout", Dialect.GATEWAY)

for _row in [row for row in vars().values() if isinstance(row, Rejection)]:
    DOCUMENTED.setdefault(_row.code, _row)
    DOCUMENTED.setdefault((_row.status, _row.code), _row)

NOT_AN_IMAGE = Rejection(400, "InvalidArgument", "The Content-Type is not that of an image.", Dialect.STORAGE)
FOREIGN_ORIGIN = Rejection(403, "AccessForbidden", "CORSResponse: This CORS request is not allowed.", Dialect.STORAGE)
ACCESS_DENIED = Rejection(403, "AccessDenied", "Access Denied", Dialect.STORAGE)
EXPIRED = Rejection(403, "AccessDenied", "Request has expired", Dialect.STORAGE)
WRONG_SIGNATURE = Rejection(403, "SignatureDoesNotMatch", "The request signature does not match.", Dialect.STORAGE)
NO_SUCH_KEY = Rejection(404, "NoSuchKey", "The specified key does not exist.", Dialect.STORAGE)
NO_LENGTH = Rejection(411, "MissingContentLength", "You must provide the Content-Length header.", Dialect.STORAGE)
STORAGE_ERROR = Rejection(500, "InternalError", "We encountered an internal error.", Dialect.STORAGE)
STORAGE_DOWN = Rejection(503, "ServiceUnavailable", "Please try again.", Dialect.STORAGE)
SLOW_DOWN = Rejection(503, "SlowDown", "Please reduce your request rate.", Dialect.STORAGE)

PROXY_ERROR = Rejection(502, "", "Bad Gateway", Dialect.PROXY)
WORKSPACE_NAME = re.compile(r"[a-z0-9-]{3,63}")
FORBIDDEN = frozenset(";|`")
MOST_THUMBNAILS_PER_CREATE = 100
MOST_TAGS_IN_FILTER = 30
MOST_PROJECTS = 1000
LONGEST_PROJECT_NAME = 100
MOST_PERSONS_PER_ANALYSIS = 10
MOST_PERSONS_PER_MERGE = 10
MOST_IN_QUERY = 100


@frozen
class Accepted:
    """The images that may be uploaded: formats, and the least width and height in pixels."""

    formats: frozenset[str]
    least: int


THUMBNAILS = Accepted(frozenset({"jpg", "png", "webp"}), MIN_PIXELS)
QUERY_ASSETS = Accepted(frozenset({"jpg", "png", "webp", "heic"}), 224)


@frozen
class LengthRule:
    """The least and most characters of a text, ends included; and whether blanks alone will do."""

    least: int
    most: int
    blank: bool = True

    def check(self, what: str, text: str | None) -> None:
        """Refuse a text that is too short or too long; None is not sent, and fits.

        Raises:
            Refused: 400, 10001.
        """
        if text is None:
            return
        require(
            self.least <= len(text) <= self.most, f"{what} has {len(text)} characters, not {self.least} to {self.most}"
        )
        require(self.blank or not text.isspace(), f"{what} is blank")


TAG_NAME = LengthRule(1, 30)
PERSON_NAME = LengthRule(1, 50, blank=False)
PERSON_NAME_FILTER = LengthRule(2, 50)
DESCRIPTION = LengthRule(1, 700)


@frozen
class Paging:
    """Bounds of ``pageSize``."""

    default: int
    most: int

    def page(self, items: Sequence[T], page_num: int, page_size: int | None) -> Page[T]:
        """Cut one page out of all items.

        Raises:
            Refused: 400, 10001, for a page number below 1 or a page size out of bounds.
        """
        size = self.default if page_size is None else page_size
        require(page_num >= 1, f"pageNum {page_num} is below 1")
        require(1 <= size <= self.most, f"pageSize {size} is not 1 to {self.most}")
        start = (page_num - 1) * size
        return Page(
            content=tuple(items[start : start + size]),
            total_count=len(items),
            total_page=-(-len(items) // size),
            page_no=page_num,
            page_size=size,
        )


@frozen
class RangeRule:
    """Bounds of a number, ends included."""

    least: int
    most: int

    def check(self, what: str, number: int | None) -> None:
        """Refuse a number out of bounds; None is not sent, and fits.

        Raises:
            Refused: 400, 10001.
        """
        if number is not None:
            require(self.least <= number <= self.most, f"{what} {number} is not {self.least} to {self.most}")


PERSON_COUNT = RangeRule(1, 10)
PERSON_COUNT_DEFAULT = 3
SCORE = RangeRule(80, 100)
ANALYSIS_PERSONS = RangeRule(0, MOST_PERSONS_PER_ANALYSIS)

WORKSPACE_PAGES = Paging(default=1000, most=1000)
ASSET_PAGES = Paging(default=1000, most=1000)
SEARCH_PAGES = Paging(default=50, most=100)
PERSON_SEARCH_PAGES = Paging(default=10, most=50)
PERSON_PAGES = Paging(default=1000, most=1000)
TAG_PAGES = Paging(default=10, most=50)


def check_known(what: str, value: OpenEnum | None) -> None:
    """Refuse a value that is not documented; None is not sent, and fits.

    Raises:
        Refused: 400, 10001.
    """
    require(value is None or value.is_known, f"{what} {value}")


def file_name(what: str, text: str) -> str:
    """Return the name of a file to be uploaded; folders in it are dropped.

    Raises:
        Refused: 400, 10001.
    """
    name = PurePosixPath(text).name.strip()
    require(name not in {"", ".."}, f"{what} {text!r}")
    return name


def check_words(what: str, text: str | None) -> None:
    """Refuse the characters that names of projects, filters and queries may not have.

    Raises:
        Refused: 400, 10001.
    """
    require(FORBIDDEN.isdisjoint(text or ""), f"{what} has one of ; | `")


def require(condition: object, detail: str, rejection: Rejection = INVALID) -> None:
    """Refuse a request unless the condition holds."""
    if not condition:
        raise Refused(rejection, detail)
