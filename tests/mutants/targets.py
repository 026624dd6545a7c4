"""Modules whose mistakes cost most, and the tests that must notice them."""

from collections.abc import Mapping

from attrs import frozen


@frozen
class Room:
    """Modules that share their tests.

    Attributes:
        modules: paths below ``mi_async``.
        tests: paths below ``tests``; the nearest first.
    """

    modules: tuple[str, ...]
    tests: tuple[str, ...]


ROOMS: Mapping[str, Room] = {
    "core": Room(
        tuple(
            f"_core/{name}.py"
            for name in (
                "limits",
                "retry",
                "call",
                "transport",
                "signing",
                "envelope",
                "checks",
                "operation",
                "paging",
                "inflight",
            )
        ),
        (
            "_core",
            "api",
            "workflows/test_costs.py",
            "test_session.py",
            "test_session_paths.py",
            "test_session_bounds.py",
        ),
    ),
    "storage": Room(
        tuple(f"storage/{name}.py" for name in ("multipart", "upload", "verify", "checkpoint", "responses")),
        ("storage", "workflows/ingest"),
    ),
    "workflows": Room(
        (
            "workflows/upload.py",
            "workflows/attach.py",
            "workflows/enroll.py",
            "workflows/ingest/register.py",
            "workflows/jobs/poller.py",
            "workflows/jobs/poll_queue.py",
        ),
        ("workflows", "bulk/test_costs.py"),
    ),
    "bulk": Room(
        (
            "bulk/engine/engine.py",
            "bulk/enroll/admission.py",
            "bulk/enroll/upload_stages.py",
            "bulk/enroll/person_stages.py",
            "bulk/journal/journal.py",
            "bulk/enroll/adaptive_limit.py",
            "bulk/enroll/check_queue.py",
        ),
        ("bulk",),
    ),
}
