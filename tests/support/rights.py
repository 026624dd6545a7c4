"""A place that cannot be written, for whoever runs the tests: root has to become somebody else for it."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NOBODY = 65_534


@contextmanager
def read_only(*, content: Path | None = None) -> Iterator[Path]:
    """A directory of its own, with a copy of a file, that can only be read inside the block."""
    root = os.geteuid() == 0
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        if content is not None:
            (place / content.name).write_bytes(content.read_bytes())
            (place / content.name).chmod(0o444)
        place.chmod(0o555)
        if root:
            os.seteuid(NOBODY)
        try:
            yield place
        finally:
            if root:
                os.seteuid(0)
            place.chmod(0o755)
