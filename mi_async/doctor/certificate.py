"""Issuer of a certificate, read from its DER form (X.509, RFC 5280, section 4.1).

Pure. Python parses only a certificate that it trusts, and the one that is not trusted is the one to ask about.
"""

from collections.abc import Iterator

from mi_async.text import escaped

SEQUENCE, SET, VERSION, OBJECT_ID = 0x30, 0x31, 0xA0, 0x06
LONG_FORM = 0x80
COMMON_NAME, ORGANIZATION = b"\x55\x04\x03", b"\x55\x04\x0a"
"""Attributes of a name: commonName (2.5.4.3) and organizationName (2.5.4.10)."""
BMP_STRING = 0x1E
"""Text of two bytes a character; all other kinds are read as UTF-8."""
LONGEST = 100
"""Characters of a name that are shown."""


def issuer_of(der: bytes) -> str:
    """Return the common name and the organization of a certificate's issuer, '' where it cannot be read."""
    try:
        certificate = next(_elements(der))[1]
        signed = next(_elements(certificate))[1]
        members = [content for tag, content in _elements(signed) if tag != VERSION]
        names = dict(_attributes(members[2]))  # after the serial number and the algorithm
    except (IndexError, StopIteration, ValueError):
        return ""
    found = [names[one] for one in (COMMON_NAME, ORGANIZATION) if names.get(one)]
    return ", ".join(escaped(text, LONGEST) for text in dict.fromkeys(found))


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield tag and content of each element.

    Raises:
        IndexError: it is cut off.
        ValueError: its length is none.
    """
    at = 0
    while at < len(data):
        tag, length, at = data[at], data[at + 1], at + 2
        if length & LONG_FORM:
            size = length & ~LONG_FORM
            length, at = int.from_bytes(data[at : at + size]), at + size
        if at + length > len(data):
            message = "an element is longer than the certificate"
            raise ValueError(message)
        yield tag, data[at : at + length]
        at += length


def _attributes(name: bytes) -> Iterator[tuple[bytes, str]]:
    for _, group in _elements(name):
        for _, pair in _elements(group):
            (_, kind), (tag, value) = _elements(pair)
            yield kind, value.decode("utf-16-be" if tag == BMP_STRING else "utf-8", "replace")
