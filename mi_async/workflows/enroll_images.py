"""Images of a person who is enrolled: followed on their way, and given to the person in requests of so many.

Invariant: a refusal names the image that it is about, or how to learn it.
"""

from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager

from attrs import define, evolve

from mi_async.api.persons import Person, ThumbnailInput
from mi_async.argument_types import Progress
from mi_async.errors import APIError, MIError
from mi_async.workflows.attach import add_one_by_one, add_thumbnails, refuses_image
from mi_async.workflows.context import Context, known
from mi_async.workflows.effects import Effects
from mi_async.workflows.enroll_decisions import PlannedImage
from mi_async.workflows.upload import State, Upload


@define(eq=False)
class UploadFollower:
    """Hands progress on, and notes the keys of what is stored."""

    progress: Progress | None
    effects: Effects

    def __call__(self, upload: Upload) -> None:
        """Follow a step of an upload."""
        if upload.state.reached(State.STORED):
            keys: list[str] = self.effects.created.setdefault("thumbnail_keys", [])
            if upload.key is not None and upload.key not in keys:
                keys.append(upload.key)
        if self.progress is not None:
            self.progress(upload)

    def attached(self, uploads: Iterable[Upload], person: Person) -> None:
        """Follow the last step of all uploads: the person is there with them."""
        for upload in uploads:
            self(evolve(upload, state=State.ATTACHED, person_id=person.id, thumbnails=person.thumbnails))


def sent_images(plan: Iterable[PlannedImage]) -> list[PlannedImage]:
    """Return the images that the person is given."""
    return [planned for planned in plan if planned.is_sent]


async def add_images(context: Context, person_id: int, uploads: Sequence[Upload], size: int) -> dict[str, APIError]:
    """Add images to a person in requests of so many; of single ones return the refusals by thumbnail key."""
    inputs = thumbnail_inputs(uploads)
    if size == 1:
        return await add_one_by_one(context, person_id, inputs)
    for start in range(0, len(inputs), size):
        with naming_images(uploads[start : start + size]):
            await add_thumbnails(context, person_id, inputs[start : start + size])
    return {}


def thumbnail_inputs(uploads: Iterable[Upload]) -> list[ThumbnailInput]:
    """Return uploads in the form that is sent."""
    return [ThumbnailInput(known(upload.key), upload.primary) for upload in uploads]


@contextmanager
def naming_images(uploads: Sequence[Upload]) -> Generator[None]:
    """Say of a refusal which image it is about, or how to learn it where it is about one of several."""
    try:
        yield
    except MIError as error:
        if refuses_image(error) and len(uploads) == 1:
            error.name_images([uploads[0].image.name])
        elif refuses_image(error):
            which = f"it may be about one or several of {len(uploads)} images; one_by_one=True says which"
            error.args = (f"{error.args[0]}; {which}",)
        raise


def refusal_of(refused: Mapping[str, APIError], uploads: Iterable[Upload]) -> APIError:
    """Return the first refusal, with the names of all refused images; the person has the others."""
    error = next(iter(refused.values()))
    error.name_images([upload.image.name for upload in uploads if upload.key in refused])
    return error
