"""Rules of headers that callers and hooks add to a request: names, values, and those that are not theirs.

Invariant: pure; a header that passes can be sent, and changes neither the signature nor the way of the message.
"""

import re

from mi_async._core.signing import ACCESS_KEY, SIGNATURE, TIMESTAMP

OURS = frozenset(
    {
        *(TIMESTAMP, ACCESS_KEY, SIGNATURE),
        *("accept-encoding", "connection", "content-encoding", "content-length", "content-type"),
        *("expect", "host", "te", "trailer", "transfer-encoding", "upgrade"),
    }
)
"""Headers that are ours or HTTP's own, in lower case: the signature, what the body is, how the message travels."""
NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""Name of a header. Source: RFC 9110, section 5.1."""
TEXT = re.compile(r"[\x20-\x7e\t]*")
"""Value of a header: the line breaks that would begin another header are not in it."""


def header_fault(name: object, value: object) -> str:
    """Return the reason for which a header cannot be added, '' if it can."""
    if not isinstance(name, str) or not NAME.fullmatch(name):
        return f"{name!r} is not the name of a header"
    if name.lower() in OURS:
        return f"{name} is set by the session and cannot be replaced"
    if not isinstance(value, str) or not TEXT.fullmatch(value):
        return f"the value of {name} must be one line of printable ASCII"
    return ""
