"""Encoding of a table: told by its mark, by its caller, or found by a look at the whole file.

Invariant: no guess is silent. What is not UTF-8 and not likely to be Korean (CP949) is refused until its encoding is
named, since a wrong one makes other people's names of it.
"""

import codecs
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from mi_async._core.files import open_regular_file
from mi_async.bulk.inputs.korean import doubt
from mi_async.errors import InvalidArgumentError
from mi_async.text import one_line

MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",  # before UTF-16, which begins in the same way
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
UTF8, KOREAN = "utf-8", "cp949"
"""Tried in this order where no mark tells; the second is what a Korean Excel writes."""
MARK = "\ufeff"
BLOCK = 2**20
SAMPLE = 4096
NULLS = 0.2
"""Share of null bytes from which a text is UTF-16 without a mark: delimiters and file names are ASCII."""
CLEARLY = 3
"""Null bytes in one half of the units for one in the other, from which it is told which half is which."""
SHOWN = 60
"""Characters of a line that a message shows."""
SMALL = 64 * 2**20
"""Bytes of a file whose lines are compared to say which of them is the odd one."""

NO_TEXT = {
    b"PK\x03\x04": "a ZIP archive or a workbook (.xlsx, .ods, .numbers), not text; save it as CSV UTF-8",
    b"\xd0\xcf\x11\xe0": "an Excel workbook (.xls), not text; save it as CSV UTF-8",
    b"PAR1": "a Parquet file, not text; call it .parquet",
    b"\x1f\x8b": "compressed with gzip; unpack it",
    b"%PDF": "a PDF document, not text; save it as CSV UTF-8",
    b"SQLite format 3": "an SQLite database, not text",
    b"version https://git-lfs": "a Git LFS pointer and not the table; run git lfs pull",
    b"<!DOCTYPE": "an HTML page, not a table; save it as CSV UTF-8",
    b"<html": "an HTML page, not a table; save it as CSV UTF-8",
}
"""Advice for files that are no text, by their first bytes; the suffix does not matter."""


def open_text(path: Path, encoding: str) -> TextIO:
    """Open a text whose line ends are left as they are, and which begins with its mark if it has one.

    Raises:
        OSError: as for ``open_regular_file``.
    """
    return io.TextIOWrapper(open_regular_file(path), encoding=encoding, newline="")


def encoding_of(path: Path, named: str | None = None, *, small: int = SMALL) -> str:
    """Return the encoding of a file; all of it is read, in blocks.

    Args:
        path: of the file.
        named: the encoding that the caller names.
        small: bytes of a file whose lines are compared to say which of them is the odd one.

    Raises:
        InvalidArgumentError: there is no such encoding, the file is not in it, or what it is cannot be told.
        OSError: it cannot be read.
    """
    with open_regular_file(path) as file:
        start = file.read(SAMPLE)
    for magic, said in NO_TEXT.items():
        if start.startswith(magic):
            message = f"{path}: this is {said}"
            raise InvalidArgumentError(message)
    marked = next((name for mark, name in MARKS.items() if start.startswith(mark)), None)
    if named is not None:
        return _held_to(path, _agreed(path, named, marked), f"in {named}, as it was named")
    if marked is not None:
        return _held_to(path, marked, f"valid {marked}, though the file begins with the mark of that")
    if (wide := _wide(start)) is not None:
        return _held_to(path, wide, f"valid {wide}, though every other byte is null")
    return _found(path, small)


def _agreed(path: Path, named: str, marked: str | None) -> str:
    """Return the encoding that was named, unless the mark of the file says something else."""
    try:
        known = codecs.lookup(named)
        "".encode(known.name)  # of the codecs, some are no encodings of text
    except (LookupError, ValueError):  # of a null character too
        message = f"there is no encoding {named!r}; utf-8, utf-16, cp949, shift_jis, gb18030 and cp1252 are some"
        raise InvalidArgumentError(message) from None
    if marked is None:
        return known.name
    if not (known.name.startswith(marked) or marked.startswith(known.name)):
        message = f"{path}: the file begins with the mark of {marked}, and is not {named}; leave out the encoding"
        raise InvalidArgumentError(message)
    return marked


def _held_to(path: Path, encoding: str, said: str) -> str:
    if (line := _first_fault(path, encoding)) is not None:
        message = f"{path}:{line}: the text is not {said}; save it as UTF-8"
        raise InvalidArgumentError(message)
    return encoding


def _wide(start: bytes) -> str | None:
    """Return the kind of a UTF-16 text without a mark, by where its null bytes are; None if it is none."""
    even, odd = start[::2].count(0), start[1::2].count(0)
    if even + odd < NULLS * len(start) or not start:
        return None
    # Some letters have a null byte in the other half: the syllable U+AC00.
    return "utf-16-le" if odd > CLEARLY * even else "utf-16-be" if even > CLEARLY * odd else None


def _found(path: Path, small: int) -> str:
    """Return UTF-8, or CP949 if the text is likely to be Korean."""
    wrong = _first_fault(path, UTF8)
    if wrong is None:
        return UTF8
    wrong_korean = _first_fault(path, KOREAN)
    doubted = None
    if wrong_korean is None:
        with open_text(path, KOREAN) as file:
            doubted = doubt(file)
        if doubted is None:
            return KOREAN
    name_it = "save it as UTF-8, or name its encoding (--encoding, encoding=)"
    if (odd := _odd_line(path, small)) is not None:
        said = f"{path}:{odd}: this line is not UTF-8, and other lines are; {name_it}"
    elif doubted is not None:
        shown = one_line(doubted.text)[:SHOWN]
        said = f"{path}:{doubted.line}: not UTF-8, and as CP949 unlikely to be Korean: {shown!r}; {name_it}"
    else:
        said = f"{path}: neither UTF-8 (see line {wrong}) nor CP949 (see line {wrong_korean}); {name_it}"
    raise InvalidArgumentError(said)


def _first_fault(path: Path, encoding: str) -> int | None:
    """Return the first line that is not in an encoding, None if all are."""
    decoder = codecs.getincrementaldecoder(encoding)()
    lines = io.IncrementalNewlineDecoder(None, translate=True)  # counts \r\n, \n and \r alike
    line = 1
    with open_regular_file(path) as file:
        block = b"-"
        while block:
            block = file.read(BLOCK)
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeError as error:
                before = getattr(error, "object", b"")[: getattr(error, "start", 0)]
                return line + lines.decode(before.decode(encoding, "ignore"), final=True).count("\n")
            line += lines.decode(text).count("\n")
    return None


def _odd_line(path: Path, small: int) -> int | None:
    """Return the first line that is not UTF-8 where others are and are more than ASCII; None in a very large file."""
    if path.stat().st_size > small:
        return None
    wrong, others = None, False
    for number, line in enumerate(_lines(path), 1):
        if line.isascii():
            continue
        try:
            line.decode()
            others = True
        except UnicodeDecodeError:
            wrong = wrong or number
    return wrong if others else None


def _lines(path: Path) -> Iterator[bytes]:
    with open_regular_file(path) as file:
        yield from file.read().splitlines()


class LineReader(Iterator[str]):
    """Lines of a text one by one, without the mark at its beginning, and none of them endless.

    Attributes:
        number: of the line that was read last, from 1.
    """

    def __init__(self, file: TextIO, longest: int) -> None:
        self._file, self._longest = file, longest
        self.number: int = 0

    def __next__(self) -> str:
        """Read a line, with its end.

        Raises:
            LineTooLongError: it has too many characters; the next one can be read.
        """
        line = self._file.readline(self._longest)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) == self._longest and line[-1] not in "\r\n":
            while (rest := self._file.readline(self._longest)) and rest[-1] not in "\r\n":
                pass
            raise LineTooLongError(self._longest)
        return line.removeprefix(MARK) if self.number == 1 else line


class LineTooLongError(ValueError):
    """A line is longer than any row of a table."""

    def __init__(self, longest: int) -> None:
        super().__init__(f"the line is longer than {longest:,} characters")
