"""``enroll``: a person with images and tags, with progress on stderr and the person on stdout.

Invariant: every image is read and checked before the session makes its first request.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from cyclopts import Parameter

from mi_async.argument_types import IfPersonExists
from mi_async.cli import event_loop
from mi_async.cli.connection import InWorkspace
from mi_async.cli.known_options import Known, Score
from mi_async.cli.output import show
from mi_async.cli.sources import Fit, Sources, read_sources, refuse_directories, refuse_unknown_options
from mi_async.cli.streams import drawable, notes
from mi_async.display.uploads import upload_display
from mi_async.errors import ConflictError, PersonKnownError
from mi_async.media.image_source import Source
from mi_async.text import one_line
from mi_async.workflows.named_person import NAME_TAKEN
from mi_async.workflows.upload import Upload

IF_EXISTS = (
    "What becomes of a name that somebody has: error refuses it, reuse shows that person, complete adds images, tags "
    "and a description that are missing."
)


def enroll(
    name: str,
    /,
    *sources: Sources,
    tag: Annotated[
        list[str] | None, Parameter(help="Tag of the person, created if missing; may be given several times.")
    ] = None,
    description: str | None = None,
    if_exists: Annotated[IfPersonExists, Parameter(help=IF_EXISTS)] = "error",
    known: Known = "ignore",
    score: Score = 80,
    fit: Fit = False,
    one_by_one: Annotated[bool, Parameter(negative=())] = False,
    service: InWorkspace,
) -> None:
    """Create a person with images, the first being the primary one, and tags.

    Args:
        name: 1 to 50 characters, unique in the workspace.
        description: 1 to 700 characters.
        one_by_one: Add each image after the first in a request of its own, to learn which one the service refuses.
    """
    refuse_unknown_options(sources, enroll, "enroll")
    refuse_directories(sources, "enroll-many")
    options = {
        "tags": tag or [],
        "description": description,
        "if_exists": if_exists,
        "known": known,
        "score": score,
        "fit": fit,
        "one_by_one": one_by_one,
    }
    event_loop.run(_enroll(name, read_sources(sources, fit=fit), options, service))


async def _enroll(name: str, sources: Sequence[Source], options: Mapping[str, Any], service: InWorkspace) -> None:
    changes = dict[str, str]()
    async with service.session() as session:
        workspace = session.workspace(service.workspace)
        with upload_display(drawable(notes()), plain=service.verbose > 0) as display:

            def step(upload: Upload) -> None:
                changes[upload.image.name] = upload.image.note
                display.step(upload)

            try:
                person = await workspace.enroll_person(name, sources, **options, progress=step)
            except PersonKnownError as error:
                if len(error.matches) == 1:
                    error.add_note("to give the images to that person: the same command with --known attach")
                error.add_note(
                    "to create it all the same, if it is somebody else: the same command with --known ignore"
                )
                raise
            except ConflictError as error:
                if error.code == NAME_TAKEN:
                    number = error.existing[0] if error.existing else "PERSON_ID"
                    error.add_note("to add what that person does not have: the same command with --if-exists complete")
                    error.add_note(f"to give that person more images: mi-async upload-thumbnail {number} FILE...")
                raise
        print_changes(changes)
        show(person, service.output, changed=True)  # before the session is closed: a signal may come while it is


def print_changes(changes: Mapping[str, str]) -> None:
    """Print what was changed in images to make them fit, by image."""
    for name, change in changes.items():
        if change:
            notes().write(f"{one_line(name)}: {change}\n")
