"""``skill``: a skill for agents, written from the commands that are installed.

Invariant: a file that this command has not written, or that somebody has changed since, is never overwritten.
"""

import hashlib
import re
from pathlib import Path

from mi_async._core.files import atomic_write
from mi_async.cli.skill_pages import NAME, SkillPage, index_page, reference_pages
from mi_async.cli.streams import stdout
from mi_async.errors import ConfigError
from mi_async.text import escaped

MARK = re.compile(r"\n<!-- written by mi-async skill; sha256 of what is above: ([0-9a-f]{64}) -->\n\Z")


def skill(folder: str | None = None, /) -> None:
    """Write a skill for agents, from the commands: SKILL.md to stdout, or with their options into a folder.

    Args:
        folder: Folder of skills, such as .claude/skills; the skill is in a folder mi-async in it.
    """
    if folder is None:
        stdout().write(index_page(has_references=False).text)
        return
    pages = [index_page(has_references=True), *reference_pages()]
    written = write_pages(place_of(folder), pages)
    stdout().write(f"{escaped(str(written))}\n")


def place_of(folder: str) -> Path:
    """Return the folder of the skill, which has to have its name, given itself or the folder of skills."""
    return Path(folder) if Path(folder).name == NAME else Path(folder) / NAME


def write_pages(place: Path, pages: list[SkillPage]) -> Path:
    """Write the pages into a folder, all or none; return the first one.

    Raises:
        ConfigError: a file is somebody's own, or nothing can be written.
    """
    try:
        old = [path for path in (place / "references").glob("*.md") if _is_ours(path)]
        targets = {place / page.path: page.text for page in pages}
        for path in targets:
            if path.exists() and not _is_ours(path):
                message = f"{escaped(str(path))} was not written by mi-async skill, or was changed since: move it away"
                raise ConfigError(message)
        for path, text in targets.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(path, private=False) as file:
                file.write(with_mark(text).encode())
        for path in old:
            if path not in targets:  # of a command that is gone
                path.unlink()
    except OSError as error:
        message = f"cannot write the skill to {escaped(str(place))}: {error.strerror}"
        raise ConfigError(message) from error
    return next(iter(targets))


def with_mark(text: str) -> str:
    """Return a text with the mark of this command at its end."""
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f"{text}\n<!-- written by mi-async skill; sha256 of what is above: {digest} -->\n"


def _is_ours(path: Path) -> bool:
    """Return True if a file is as this command has written it."""
    text = path.read_text(encoding="utf-8", errors="replace")
    mark = MARK.search(text)
    return mark is not None and mark[1] == hashlib.sha256(text[: mark.start()].encode()).hexdigest()
