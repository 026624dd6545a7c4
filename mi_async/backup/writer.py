"""Writer of a backup: images and documents into the folder, lines into the catalog, and the lists in the end.

Invariant: what the last complete state names is never changed before the new state is complete. All of this blocks, and
runs in the one thread of the backup.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path, PurePosixPath

from attrs import define, evolve, field

from mi_async._core import convert
from mi_async._core.files import atomic_write, make_durable, sync_directory
from mi_async.backup.catalog import Catalog, ImageFile
from mi_async.backup.format import (
    ASSETS,
    IMAGES,
    INDEXES,
    INFO,
    LISTS,
    PERSONS,
    PROBLEMS,
    SUMMARIES,
    SUMS,
    BackupAsset,
    BackupInfo,
    BackupPerson,
    BackupProblem,
)
from mi_async.backup.list_merge import Line, MergedList, id_of
from mi_async.backup.places import Places, private_folder
from mi_async.backup.reader import lines_of, parsed_line
from mi_async.backup.report import ListChanges
from mi_async.backup.service_members import without_secrets
from mi_async.errors import InvalidArgumentError
from mi_async.media.image import sniff
from mi_async.models import Serializable

IMAGE = re.compile(rf"{IMAGES}/([0-9a-f]{{2}})/\1[0-9a-f]{{62}}\.[a-z]+")
"""Name of an image's file: that of its content."""
DOCUMENTS = "documents"
"""Name under which the catalog has the sums of indexes and summaries."""


@define(eq=False)
class BackupWriter:
    """A backup that is being written.

    Args:
        places: of its files.
        catalog: of what it has.
        info: what it will say of itself.
        keeps: True if lines of the last state that this run has not written are kept: of a backup of chosen persons.
        verify: True if files that are there are held against their checksums.
        now: time, seconds since the epoch.
    """

    places: Places
    catalog: Catalog
    info: BackupInfo
    keeps: bool
    verify: bool
    now: Callable[[], float]
    problems: int = field(init=False, default=0)
    _numbers: Iterator[int] = field(init=False, factory=lambda: count(1))
    _thumbnails: int = field(init=False, default=0)

    def known_images(self, thumbnails: Iterable[int]) -> dict[int, ImageFile]:
        """Return the images of thumbnails that the backup has whole, by ID."""
        return {number: image for number, image in self.catalog.known(thumbnails).items() if self._is_whole(image)}

    def put_image(self, thumbnail: int, content: bytes) -> ImageFile:
        """Write the image of a thumbnail; equal content is stored once."""
        digest = hashlib.sha256(content).hexdigest()
        image = ImageFile(f"{IMAGES}/{digest[:2]}/{digest}.{sniff(content) or 'bin'}", digest, len(content))
        if not self._is_whole(image):
            _write(self.places.folder / image.file, content, durable=False)
        self.catalog.add_images([(thumbnail, image)], durable=False)
        return image

    def put_answer(self, file: str, number: int, body: bytes) -> None:
        """Write an index or a summary, unless the backup has the same.

        Args:
            file: from the backup's folder.
            number: that tells the documents of a backup apart.
            body: the service's answer, envelope and all.
        """
        content = convert.dumps_shown(without_secrets(convert.loads(body).get("result"))) + b"\n"
        if _holds(self.places.folder / file, content):
            (self.places.unfinished / file).unlink(
                missing_ok=True
            )  # another one of an interrupted run would replace it
        else:
            _write(self.places.unfinished / file, content)
        line = f"{hashlib.sha256(content).hexdigest()}  {file}".encode()
        self.catalog.add_lines(DOCUMENTS, [(number, line)], at=self.now())

    def earlier_asset(self, number: int, seconds: float) -> BackupAsset | None:
        """Return an asset as an interrupted run has noted it no longer ago than that, and take over its documents."""
        since = self.now() - seconds
        if (line := self.catalog.earlier_line(ASSETS, number, since)) is None:
            return None
        for document in (2 * number, 2 * number + 1):
            self.catalog.take_over(DOCUMENTS, document)
        return parsed_line(line, BackupAsset.from_dict, ASSETS)

    def put_lines(self, name: str, lines: Iterable[tuple[int, Serializable]], *, whole: bool = True) -> None:
        """Note lines of a list, by their IDs.

        Args:
            name: of the list.
            lines: ID and line.
            whole: False where something is missing that a resumed run is to ask for again.
        """
        written = [(number, convert.dumps_shown(line.to_dict())) for number, line in lines]
        self.catalog.add_lines(name, written, at=self.now() if whole else 0.0)

    def not_noted(self, name: str, numbers: Sequence[int]) -> set[int]:
        """Return those IDs of a list that this run has not noted."""
        return {number for number in numbers if not self.catalog.has_line(name, number)}

    def put_problems(self, problems: Iterable[BackupProblem]) -> None:
        """Note what cannot be had."""
        found = [(next(self._numbers), problem) for problem in problems]
        self.problems += len(found)
        self.put_lines(PROBLEMS, found)

    def had(self, name: str, number: int) -> bool:
        """Return True if a list of the last state has a line."""
        return any(known == number for known, _ in _previous(self.places.current(name), name, strict=True))

    def finish(self) -> tuple[BackupInfo, dict[str, ListChanges]]:
        """Write the lists, and make what was written the state of the backup."""
        counts, changes = dict[str, int](), dict[str, ListChanges]()
        self._make_images_durable()
        if self.keeps:
            self._keep_problems()
        self.catalog.clear_sums()
        self._thumbnails = 0
        for name in LISTS:
            counts[name.partition(".")[0]], changes[name] = self._write_list(name)
        self._sum_documents(self.places.current(SUMS))
        folders = {name: self.catalog.count_sums(name) for name in (IMAGES, INDEXES, SUMMARIES)}
        counts |= {"thumbnails": self._thumbnails, **folders}
        ended = datetime.fromtimestamp(self.now(), UTC).isoformat(timespec="seconds")
        self.info = evolve(self.info, ended=ended, complete=not counts["problems"], counts=counts)
        content = convert.dumps_shown(self.info.to_dict(), indent=True) + b"\n"
        _write(self.places.unfinished / INFO, content)
        self.catalog.add_sums([(INFO, hashlib.sha256(content).hexdigest())])
        with atomic_write(self.places.unfinished / SUMS) as file:
            file.writelines(f"{digest}  {name}\n".encode() for name, digest in self.catalog.sums())
        self.places.commit()
        self.catalog.forget_lines()
        return self.info, changes

    def _keep_problems(self) -> None:
        """Note the problems of the last state that are not about what this run has read."""
        lines = (line for _, line in _previous(self.places.current(PROBLEMS), PROBLEMS, strict=True))
        noted = (line for _, line in self.catalog.lines(PROBLEMS))
        now = {(problem.kind, problem.id) for problem in map(_problem, noted)}
        kept: list[BackupProblem] = []
        for problem in map(_problem, lines):
            person = problem.id if problem.kind == "person" else problem.person_id
            is_read = person is not None and self.catalog.has_line(PERSONS, person)
            if not is_read and (problem.kind, problem.id) not in now:
                kept.append(problem)
        self.put_problems(kept)

    def _make_images_durable(self) -> None:
        """Wait until the images are on the disk: before the lists that name them, and together.

        Each by itself, as it is written, would cost more than its download: 7 ms on a disk that is in use.
        """
        folders = set[Path]()
        for file in self.catalog.written_files():
            path = self.places.folder / file
            with suppress(FileNotFoundError):
                make_durable(path)
            folders.add(path.parent)
        for folder in folders:
            sync_directory(folder)
        self.catalog.all_durable()

    def _write_list(self, name: str) -> tuple[int, ListChanges]:
        """Write a list; return how many lines it has, and how they differ from those before."""
        keeps = self.keeps and name != PROBLEMS
        merged = MergedList(_previous(self.places.current(name), name, strict=keeps), self.catalog.lines(name), keeps)
        digest, lines = hashlib.sha256(), 0
        with atomic_write(self.places.unfinished / name) as file:
            for _, line in merged:
                file.write(line + b"\n")
                digest.update(line + b"\n")
                lines += 1
                if name == PERSONS:
                    self._sum_images(line)
        self.catalog.add_sums([(name, digest.hexdigest())])
        return lines, merged.changes

    def _sum_images(self, line: bytes) -> None:
        """Note the sums of the images of a person."""
        person = parsed_line(line, BackupPerson.from_dict, PERSONS)
        self._thumbnails += len(person.thumbnails)
        images = [(each.file, each.sha256) for each in person.thumbnails if each.file and each.sha256]
        if images:
            self.catalog.add_sums(images)

    def _sum_documents(self, before: Path) -> None:
        """Note the sums of indexes and summaries, those that are kept among them."""
        if self.keeps and before.exists():
            rows = (line.decode().rstrip("\n").split("  ", 1) for line in lines_of(before))
            self.catalog.add_sums(
                (file, digest) for digest, file in rows if "/" in file and not file.startswith(IMAGES)
            )
        rows = (line.decode().split("  ", 1) for _, line in self.catalog.lines(DOCUMENTS))
        self.catalog.add_sums((file, digest) for digest, file in rows)

    def _is_whole(self, image: ImageFile) -> bool:
        if IMAGE.fullmatch(image.file) is None or PurePosixPath(image.file).stem != image.sha256:
            return False  # a catalog or a list that is not of ours may name anything
        path = self.places.folder / image.file
        try:
            if path.stat().st_size != image.size:
                return False
            return not self.verify or hashlib.sha256(path.read_bytes()).hexdigest() == image.sha256
        except FileNotFoundError:
            return False


def _problem(line: bytes) -> BackupProblem:
    return parsed_line(line, BackupProblem.from_dict, PROBLEMS)


def _write(path: Path, content: bytes, *, durable: bool = True) -> None:
    private_folder(path.parent)
    with atomic_write(path, durable=durable) as file:
        file.write(content)


def _holds(path: Path, content: bytes) -> bool:
    """Return True if a file is there and has this content."""
    try:
        return path.stat().st_size == len(content) and path.read_bytes() == content
    except FileNotFoundError:
        return False


def _previous(path: Path, name: str, *, strict: bool) -> Iterator[Line]:
    """Yield ID and text of the lines of the last state; a damaged list ends there, unless its lines are needed."""
    try:
        if path.exists():
            for number, line in enumerate(lines_of(path), start=1):
                yield id_of(line, f"{name}:{number}"), line.rstrip(b"\r\n")
    except InvalidArgumentError:
        if strict:
            raise
