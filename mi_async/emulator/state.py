"""State of an emulated service: workspaces with persons, tags, projects and searches, and uploads on their way.

Invariant: holds and finds; the rules about it are in ``rules.py`` and in the bodies. Ids are never used twice.
"""

import random
import string
from collections.abc import Iterator
from datetime import datetime, timedelta

from attrs import Factory, define, field

from mi_async._core.clock import Clock
from mi_async._core.service_time import SERVICE_ZONE
from mi_async.api.thumbnails import UploadMessage
from mi_async.api.workspaces import WorkspaceInfo
from mi_async.emulator.jobs import EmulatedJob
from mi_async.emulator.links import Links
from mi_async.emulator.media import EmulatedProject
from mi_async.emulator.rules import NO_WORKSPACE, THUMBNAILS, Accepted, Refused
from mi_async.emulator.settings import Latency, Settings
from mi_async.emulator.workspace import EmulatedPerson, EmulatedWorkspace

USER = "*dong Hong"
"""The one user of an emulated account, masked as the service masks names."""
ALPHANUMERIC = string.ascii_letters + string.digits
BASE_PROJECT = "Base project"
ACCOUNT = ""
"""In place of a workspace, for what belongs to the account."""


@define(eq=False)
class EmulatedUpload:
    """The key of an image and what became of it. Times are seconds of the server's clock.

    Attributes:
        key: names the image.
        workspace: to which the key belongs, ``ACCOUNT`` for none.
        issued: when its URL was issued.
        accepted: what the image may be.
        stored: when its bytes were stored; None before.
        ready: when the completion check tells how it went.
        failure: why the service does not take the image; None when it does.
        faceless: whether no face is found in it, as far as the settings ask for one.
        face: whose face the image says that it shows; '' where it says nothing.
        format: of the image, by its content.
        size: bytes stored.
        md5: hexadecimal digest of the bytes stored.
        content: the bytes, where the settings keep them.
        content_type: as sent with the bytes.
    """

    key: str
    workspace: str
    issued: float
    accepted: Accepted = THUMBNAILS
    stored: float | None = None
    ready: float = 0.0
    failure: UploadMessage | None = None
    faceless: bool = False
    face: str = ""
    format: str = ""
    size: int = 0
    md5: str = ""
    content: bytes | None = field(default=None, repr=False)
    content_type: str = ""

    def outcome(self, now: float) -> UploadMessage | None:
        """Why the upload cannot be used at ``now``; None when it can."""
        return UploadMessage.FILE_NOT_EXIST if self.stored is None or now < self.ready else self.failure


@define(eq=False)
class EmulatorState:
    """Everything that exists at an emulated service.

    Attributes:
        settings: how the server behaves.
        clock: the server's.
        links: presigned URLs.
        workspaces: by name.
        uploads: by key.
        next_id: the next number that ``new_id`` gives.
        next_project_id: the ID of the next project.
        first_stored: when the first upload was stored.
        ahead: seconds by which its time is ahead of the clock: that of an earlier process goes on.
    """

    settings: Settings
    clock: Clock
    links: Links
    workspaces: dict[str, EmulatedWorkspace] = Factory(dict)
    uploads: dict[str, EmulatedUpload] = Factory(dict)
    next_id: int = field(init=False)
    next_project_id: int = field(init=False)
    first_stored: float | None = field(init=False)
    ahead: float = field(init=False, default=0.0)
    _rng: random.Random = field(init=False, factory=random.Random)

    def __attrs_post_init__(self) -> None:
        """Create what exists from the start."""
        self.reset()

    def reset(self) -> None:
        """Go back to the start: the workspaces of the settings, and the first IDs and keys."""
        self.workspaces.clear()
        self.uploads.clear()
        self.next_id, self.next_project_id, self.first_stored = 1001, 101, None
        self.reseed()
        self.add_workspaces()

    def reseed(self, moment: str = "") -> None:
        """Begin the random numbers of a moment; those of another moment are others, so that no key is used twice."""
        self._rng.seed(f"state {self.settings.seed}{moment}")

    def add_workspaces(self) -> None:
        """Create the workspaces of the settings that do not exist."""
        for name in self.settings.workspaces:
            if name not in self.workspaces:
                self.add_workspace(name, None)

    def now(self) -> float:
        """Seconds of the server's clock."""
        return self.clock.monotonic() + self.ahead

    def wall(self) -> float:
        """Seconds since the epoch by the server's wall clock."""
        return self.clock.wall() + self.settings.clock_offset

    def time(self) -> datetime:
        """Wall time as the service writes it: to the second, without a zone; here it is Korean time."""
        return datetime.fromtimestamp(int(self.wall()), SERVICE_ZONE).replace(tzinfo=None)

    def time_at(self, moment: float) -> datetime:
        """Wall time, as the service writes it, at a moment of the server's clock."""
        return self.time() + timedelta(seconds=round(self.clock.real(moment - self.now())))

    def new_id(self) -> int:
        """Return a number that nothing but a project has."""
        self.next_id += 1
        return self.next_id - 1

    def workspace(self, name: str) -> EmulatedWorkspace:
        """Find a workspace.

        Raises:
            Refused: 404, 10030.
        """
        try:
            return self.workspaces[name]
        except KeyError:
            raise Refused(NO_WORKSPACE, f"workspace {name!r}") from None

    def add_workspace(self, name: str, bucket: str | None) -> EmulatedWorkspace:
        """Create a workspace; the name is free."""
        now = self.time()
        info = WorkspaceInfo(
            workspace_name=name,
            bucket_name=bucket,
            created_user_name=USER,
            created_time=now,
            updated_user_name=USER,
            updated_time=now,
        )
        created = self.workspaces[name] = EmulatedWorkspace(info)
        self.add_project(created, BASE_PROJECT, is_base=True)
        return created

    def add_project(self, room: EmulatedWorkspace, name: str, *, is_base: bool = False) -> EmulatedProject:
        """Create a project."""
        now = self.time()
        project = EmulatedProject(self.next_project_id, name, is_base, now, now)
        self.next_project_id += 1
        room.projects[project.id] = project
        return project

    def remove_workspace(self, name: str) -> None:
        """Delete a workspace and all that is in it."""
        del self.workspaces[name]
        for key in [key for key, upload in self.uploads.items() if upload.workspace == name]:
            del self.uploads[key]

    def add_upload(self, workspace: str, file_name: str, accepted: Accepted = THUMBNAILS) -> EmulatedUpload:
        """Issue the key of an image."""
        key = f"{workspace or 'query-assets'}/{self._rng.getrandbits(60):015x}/{file_name}"
        upload = self.uploads[key] = EmulatedUpload(key, workspace, self.now(), accepted)
        return upload

    def new_search_id(self) -> str:
        """Letters and digits that no other search has."""
        return "".join(self._rng.choices(ALPHANUMERIC, k=20))

    def processing_time(self) -> float:
        """Draw how long an upload that just arrived takes to be processed."""
        now = self.now()
        if self.first_stored is None:
            self.first_stored = now
        begun = [start for start in self.settings.shifts if start <= now - self.first_stored]
        factor = self.settings.shifts[max(begun)] if begun else 1.0
        return factor * self.settings.latency.draw(self._rng)

    def importing_time(self) -> float:
        """Draw how long the import of an asset takes."""
        return self.settings.importing.draw(self._rng)

    def new_job(self, queueing: Latency, running: Latency) -> EmulatedJob:
        """Start a job; how long it takes and whether it fails is drawn now."""
        starts = self.now() + queueing.draw(self._rng)
        fails = self.settings.failing_jobs > 0 and self._rng.random() < self.settings.failing_jobs
        return EmulatedJob(starts, starts + running.draw(self._rng), fails)

    def persons(self) -> Iterator[EmulatedPerson]:
        """Yield the persons of all workspaces."""
        for workspace in self.workspaces.values():
            yield from workspace.persons.values()

    def thumbnails(self) -> Iterator[tuple[int, str]]:
        """Yield person id and thumbnail key of every thumbnail that a person has."""
        for person in self.persons():
            for key in person.thumbnails.values():
                yield person.id, key
