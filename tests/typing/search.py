"""What type checkers make of a search and of what notebooks are shown; checked, never run."""

from collections.abc import AsyncGenerator, Mapping
from typing import assert_type

from mi_async import ConfidenceLevel, QuotaState, SceneHit, Session, Workspace, notebook


async def search(session: Session, newsroom: Workspace) -> None:
    """Hits are typed, options are checked."""
    assert_type(newsroom.search_scenes("goal"), AsyncGenerator[SceneHit, None])
    async for hit in newsroom.search_scenes(image=b"", persons=[1], confidence_level=ConfidenceLevel.HIGH, limit=3):
        assert_type(hit, SceneHit)
        assert_type(hit.start_ms, int | None)
        assert_type(hit.score, float | None)
    assert_type(session.quota, Mapping[str, QuotaState])
    assert_type(notebook.table([1, "a"], caption="x"), notebook.Html)
