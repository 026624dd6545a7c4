"""Image sources on the command line: files and standard input, and refusal of what can be no source."""

import io
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from mi_async.bulk.images.image_converter import MOST_BYTES
from mi_async.cli.suggestion import suggestion
from mi_async.errors import InvalidArgumentError
from mi_async.media.image import MAX_BYTES
from mi_async.media.image_source import Source

STDIN = "-"

Sources = Annotated[
    str,
    Parameter(
        name="SOURCE",
        help="Images: jpg, png or webp, up to 5 MB, at least 256 px; - is standard input.",
        allow_leading_hyphen=True,
    ),
]

Fit = Annotated[
    bool,
    Parameter(
        negative=(),
        show_default=False,
        help="Convert HEIC, AVIF, TIFF, BMP and GIF images, and shrink images that are too big.",
    ),
]


class NamedBytes(io.BytesIO):
    """Bytes with a name for messages."""

    def __init__(self, content: bytes, name: str) -> None:
        super().__init__(content)
        self.name = name


def read_sources(sources: Sequence[str], *, fit: bool = False) -> list[Source]:
    """Return sources as the workflows take them; standard input is read here, where Ctrl-C ends the process at once.

    Raises:
        InvalidArgumentError: standard input was given twice.
    """
    if sources.count(STDIN) > 1:
        message = "- is standard input, which can be read only once"
        raise InvalidArgumentError(message)
    most = MOST_BYTES if fit else MAX_BYTES
    return [NamedBytes(sys.stdin.buffer.read(most + 1), "<stdin>") if s == STDIN else s for s in sources]


def refuse_directories(words: Sequence[str], many: str) -> None:
    """Refuse a directory where a file is wanted, and name the command that takes one.

    Args:
        words: the sources as given.
        many: the command for directories.

    Raises:
        InvalidArgumentError: one is a directory.
    """
    for word in words:
        if Path(word).is_dir():
            message = f"{word} is a directory; for all that is in it: mi-async {many} {word}"
            raise InvalidArgumentError(message)


def refuse_unknown_options(words: Sequence[str], command: Callable[..., None], name: str) -> None:
    """Refuse a source that begins with a hyphen, unless it is standard input or there is such a file.

    Args:
        words: the sources as given.
        command: whose options are suggested.
        name: of the command, for the message.

    Raises:
        InvalidArgumentError: an unknown option.
    """
    for word in words:
        if word.startswith("-") and word != STDIN and not os.path.lexists(word):
            option = word.partition("=")[0]
            arguments = App(default_command=command).assemble_argument_collection()
            known = [name for argument in arguments for name in argument.names if name.startswith("-")]
            message = f'unknown option "{option}"{suggestion(option, known)}; see mi-async {name} --help'
            raise InvalidArgumentError(message)
