"""Scene summaries: a text for each scene of an analysed asset.

Source: api.ncloud-docs.com, Media Intelligence, Scene summary. The operations by index id are of the generation that
the vendor removes in January 2027.
"""

from collections.abc import Sequence

from attrs import field, frozen

from mi_async._core.bounds import AtMostOne
from mi_async._core.declare import Group, operation
from mi_async._core.operation import Repeat
from mi_async.member_display import few
from mi_async.models import Json, JsonObject, Model, OpenEnum


class SummaryStatus(OpenEnum):
    """Progress of a scene summary."""

    BEFORE_SUMMARIZE = "BEFORE_SUMMARIZE"
    WAIT_SUMMARIZE = "WAIT_SUMMARIZE"
    SUMMARIZING = "SUMMARIZING"
    SUMMARIZE_COMPLETED = "SUMMARIZE_COMPLETED"
    SUMMARIZE_FAIL = "SUMMARIZE_FAIL"
    SUMMARIZE_CANCELED = "SUMMARIZE_CANCELED"

    @property
    def is_terminal(self) -> bool:
        """True if it changes no more; False for an undocumented value, see ``is_known``."""
        return self.value in {"SUMMARIZE_COMPLETED", "SUMMARIZE_FAIL", "SUMMARIZE_CANCELED"}

    @property
    def is_cancellable(self) -> bool:
        """True if the summary can be cancelled."""
        return self.value in {"WAIT_SUMMARIZE", "SUMMARIZING"}


@frozen(eq=False, repr=False)
class SceneSummaryStatus(Model):
    """Progress of a scene summary; source: mi-scene-summary-status."""

    status: SummaryStatus


@frozen(eq=False, repr=False)
class SceneSummaryInfo(Model):
    """When and of what the last completed run was; source: maiu-get-scene-summary.

    Attributes:
        last_analyzed_at: when the last run completed, ISO 8601, as sent.
        analyzed_scene_ids: IDs of the scenes of a partial run, as text; None after a full run. Requests take integers:
            ``scene_ids=[int(scene_id) for scene_id in info.analyzed_scene_ids]``.
    """

    last_analyzed_at: str | None = None
    analyzed_scene_ids: tuple[str, ...] | None = None


@frozen(eq=False, repr=False)
class SceneSummary(Model):
    """Scene summary of an index; source: mi-get-scene-summary-result, maiu-get-scene-summary.

    Attributes:
        index_id: ID of the index.
        scene_summary_info: None until a summary completed.
        scene_summaries: the texts, one item per scene; the members of an item are not documented.
    """

    index_id: int
    scene_summary_info: SceneSummaryInfo | None = None
    scene_summaries: tuple[JsonObject, ...] = field(default=(), repr=few)


_ASSET = "/workspaces/{workspace_name}/projects/{project_id}/assets/{asset_id}"
_INDEX = f"{_ASSET}/indexes/{{index_id}}"


class SceneSummaries(Group):
    """Scene summaries of media assets."""

    @operation(
        f"POST {_ASSET}/scene-summary",
        repeat=Repeat.CONFLICTS,
        source="mi-request-scene-summary",
        rules=(AtMostOne(("scene_ids", "locale")),),
    )
    async def request(
        self, project_id: int, asset_id: int, *, scene_ids: Sequence[int] | None = None, locale: str | None = None
    ) -> Json:
        """Request a summary of all scenes in a language, or after one full run of some again; see ``status``.

        A partial run rewrites the named scenes and keeps the others. While a run goes on, the service refuses to edit
        the labels of persons and the scripts of the asset.
        """
        ...

    @operation(f"GET {_ASSET}/scene-summary/status", source="mi-scene-summary-status")
    async def status(self, project_id: int, asset_id: int) -> SceneSummaryStatus:
        """Get how far the scene summary of an asset is."""
        ...

    @operation(f"POST {_ASSET}/scene-summary/cancel", repeat=Repeat.CONFLICTS, source="mi-cancel-scene-summary")
    async def cancel(self, project_id: int, asset_id: int) -> None:
        """Cancel a scene summary that waits or runs; it is not billed."""
        ...

    @operation(f"GET {_ASSET}/scene-summary", source="mi-get-scene-summary-result")
    async def get(self, project_id: int, asset_id: int) -> SceneSummary:
        """Get the scene summary of an asset."""
        ...

    @operation(
        f"POST {_INDEX}/scene-summaries",
        repeat=Repeat.CONFLICTS,
        source="maiu-request-scene-summary",
        deprecated="scene_summaries.request",
    )
    async def request_by_index(
        self, project_id: int, asset_id: int, index_id: int, *, scene_ids: Sequence[int] | None = None
    ) -> Json:
        """Request a scene summary of an index: of all scenes, or after one full run of some."""
        ...

    @operation(
        f"GET {_INDEX}/scene-summaries/{{scene_summary_id}}/status",
        source="maiu-scene-summary-status",
        deprecated="scene_summaries.status",
    )
    async def status_by_id(
        self, project_id: int, asset_id: int, index_id: int, scene_summary_id: int
    ) -> SceneSummaryStatus:
        """Get how far a scene summary of an index is."""
        ...

    @operation(
        f"DELETE {_INDEX}/scene-summaries/{{scene_summary_id}}",
        repeat=Repeat.CONFLICTS,
        source="maiu-cancel-scene-summary",
        deprecated="scene_summaries.cancel",
    )
    async def cancel_by_id(self, project_id: int, asset_id: int, index_id: int, scene_summary_id: int) -> None:
        """Cancel a scene summary of an index that waits or runs."""
        ...

    @operation(f"GET {_INDEX}/scene-summaries", source="maiu-get-scene-summary", deprecated="scene_summaries.get")
    async def get_by_index(self, project_id: int, asset_id: int, index_id: int) -> SceneSummary:
        """Get the scene summary of an index."""
        ...
