"""Checks of Object Storage: whether it answers, the bucket, and each permission that an upload needs.

Invariant: no object is created, changed or read. Writing is tried by the beginning of an upload in parts, which is
given up at once: a permission is missing for the one if it is missing for the other.
"""

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from uuid import uuid4

from mi_async._core.extras import missing_of
from mi_async.doctor.models import CheckResult, error_text, failed, fine, not_tried, warning
from mi_async.doctor.subject import Subject
from mi_async.errors import APIError, ConfigError, MIError, NotFoundError, PermissionDeniedError
from mi_async.storage.errors import PERMISSIONS
from mi_async.storage.models import StoredObject
from mi_async.storage.object_store import ObjectStore
from mi_async.text import escaped

PREFIX = "mi-async-doctor/"
"""Start of the keys that are asked about; there is no such object."""
POLICY = "give the sub account this permission (console: Sub Account, policy for Object Storage; or the bucket's ACL)"
REMEDIES: tuple[tuple[type[MIError], str], ...] = (
    (NotFoundError, "check the name of the bucket, and the region of the endpoint: --storage-url"),
    (ConfigError, "set endpoint and region of the bucket: --storage-url, NCLOUD_REGION"),
    (APIError, "check the keys: those of Object Storage are the service's"),
    (MIError, "check the endpoint, the network and the proxy: --storage-url"),
)
"""Remedies by class, where a bucket cannot be found; the first that fits."""


async def check_bucket(subject: Subject) -> CheckResult:
    """List what is in the bucket under a prefix that nobody uses."""
    if reason := _unusable(subject):
        # Beside an emulator a workspace that is linked to a bucket is no wish to look at one.
        looked_for = subject.looked_up and not subject.settings.no_storage
        return not_tried(reason, asked=subject.bucket is not None or looked_for)
    shown = f"{escaped(str(subject.bucket_name))} at {subject.storage.url}"
    try:
        store = await _store(subject)
        async with aclosing(store.objects(str(subject.bucket_name), f"{PREFIX}{uuid4()}")) as listed:
            async for _ in listed:
                break
    except PermissionDeniedError:
        return warning(f"{shown} may be there: it cannot be listed", "see list")
    except MIError as error:
        return failed(error_text(error), next(remedy for kind, remedy in REMEDIES if isinstance(error, kind)))
    subject.may_list = True
    return fine(shown)


def _unusable(subject: Subject) -> str:
    """Return why Object Storage cannot be looked at, '' if it can."""
    if reason := subject.settings.no_storage:
        return reason
    if subject.bucket_name is None:
        linked = "the workspace is linked to none" if subject.looked_up else "no workspace was looked up"
        return f"no bucket was named, and {linked}: --bucket"
    missing = missing_of("storage")
    return f"{' and '.join(missing)} is not installed: pip install 'mi-async[storage]'" if missing else ""


async def check_list(subject: Subject) -> CheckResult:
    """Return the result of the listing that the bucket was looked for with."""
    permission = PERMISSIONS["list_objects"]
    return fine(permission) if subject.may_list else failed(f"{permission} is missing", POLICY)


async def _store(subject: Subject) -> ObjectStore:
    return (await subject.session())._store  # noqa: SLF001  the session's own storage, as ingestions use it


async def check_read(subject: Subject) -> CheckResult:
    """Ask for an object that does not exist."""
    store = await _store(subject)
    place = StoredObject(str(subject.bucket_name), f"{PREFIX}{uuid4()}")
    result = await _tried("head_object", lambda: store.connection.ask("head_object", place), absent=True)
    if result.remedy and not subject.may_list:  # S3 answers so for every object that is not there
        return warning(f"nothing shows {PERMISSIONS['head_object']} as long as the bucket cannot be listed", "see list")
    return result


async def check_write(subject: Subject) -> CheckResult:
    """Begin an upload in parts, list its parts and give it up; no object comes of it."""
    store = await _store(subject)
    place = StoredObject(str(subject.bucket_name), f"{PREFIX}{uuid4()}")
    begun = ""

    async def begin() -> None:
        nonlocal begun
        begun = await store.begin(place, {})

    result = await _tried("create_multipart_upload", begin)
    if not begun:
        return result
    listed = await _tried("list_parts", lambda: store.parts(place, begun))
    ended = await _tried("abort_multipart_upload", lambda: store.abort(place, begun))
    faulty = [one for one in (listed, ended) if one.remedy]
    if not faulty:
        return fine(", ".join(each.text for each in (result, listed, ended)))
    left = "" if ended not in faulty else f"; the empty upload {begun} of {place} is left behind"
    return failed("; ".join(each.text for each in faulty) + left, faulty[0].remedy)


async def _tried(operation: str, ask: Callable[[], Awaitable[object]], *, absent: bool = False) -> CheckResult:
    """Make one call, and return its permission, or the fault."""
    permission = PERMISSIONS[operation]
    try:
        await ask()
    except NotFoundError as error:
        if not absent:
            return failed(str(error), "try again")
    except PermissionDeniedError:
        return failed(f"{permission} is missing", POLICY)
    except MIError as error:
        return failed(str(error), "check the endpoint, the network and the proxy: --storage-url")
    return fine(permission)
