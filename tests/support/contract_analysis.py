"""The vendor's pages about analyses, indexes and scene summaries, of this generation and the one before, as a table.

Invariant: data only, written from the pages and not from the package.
"""

from tests.support.contract_media import ASSET_ROOM, IN_ASSET, ONE
from tests.support.documented import Documented

INDEX = {
    "indexId": 1001,
    "type": "VIDEO",
    "createdUserName": "*dong Hong",
    "createdTime": "2025-08-15T17:13:48",
    "updatedUserName": "*dong Hong",
    "updatedTime": "2025-08-15T17:13:48",
}
SETTING = {"analysisEngine": "Sinossi v1.0", "sceneRange": "MEDIUM"}
SUMMARY = {
    "indexId": 1001,
    "sceneSummaryInfo": {"lastAnalyzedAt": "2025-08-15T17:13:48", "analyzedSceneIds": ["1", "2"]},
    "sceneSummaries": [{"first": "member"}, {"second": "member"}],
}
OF_INDEX = f"{IN_ASSET}/indexes/{{index_id}}"
INDEX_ROOM = f"{ASSET_ROOM}/indexes/1001"
ONE_INDEX = {**ONE, "index_id": 1001}
ONE_SUMMARY = {**ONE_INDEX, "scene_summary_id": 101}

INDEXES = (
    Documented(
        "indexes.request",
        f"POST {IN_ASSET}/index",
        "mi-request-index",
        "CONFLICTS",
        {
            **ONE,
            "min_scene_duration_sec": 5,
            "max_scene_duration_sec": 20,
            "analysis_person_count": 3,
            "tag_ids": [101, 203, 307],
            "source_language": "ZH-CN",
            "detect_audio_effects": False,
        },
        f"{ASSET_ROOM}/index",
        {
            "minSceneDurationSec": 5,
            "maxSceneDurationSec": 20,
            "analysisPersonCount": 3,
            "tagIdList": [101, 203, 307],
            "sourceLanguage": "ZH-CN",
            "detectAudioEffects": False,
        },
    ),
    Documented(
        "indexes.status",
        f"GET {IN_ASSET}/index/status",
        "mi-index-status",
        "SAFE",
        ONE,
        f"{ASSET_ROOM}/index/status",
        result={"status": "ANALYZE_FAIL", "analyzeStatusMessage": "The file cannot be read.", "indexId": None},
    ),
    Documented(
        "indexes.cancel",
        f"POST {IN_ASSET}/index/cancel",
        "mi-cancel-index",
        "CONFLICTS",
        ONE,
        f"{ASSET_ROOM}/index/cancel",
    ),
    Documented(
        "indexes.get",
        f"GET {IN_ASSET}/index",
        "mi-get-index",
        "SAFE",
        {**ONE, "confidence_level": "MEDIUM"},
        f"{ASSET_ROOM}/index?confidence_level=MEDIUM",
        result=INDEX,
    ),
    Documented("indexes.delete", f"DELETE {IN_ASSET}/index", "mi-delete-index", "SAFE", ONE, f"{ASSET_ROOM}/index"),
    Documented(
        "indexes.analyze",
        f"POST {IN_ASSET}/analyze",
        "mi-request-analysis",
        "CONFLICTS",
        {
            **ONE,
            "scene_range": "LONG",
            "source_language": "ENKO",
            "detect_audio_effects": False,
            "analysis_person_count": 3,
            "tag_ids": [101, 203, 307],
        },
        f"{ASSET_ROOM}/analyze",
        {
            "sceneRange": "LONG",
            "sourceLanguage": "ENKO",
            "detectAudioEffects": False,
            "analysisPersonCount": 3,
            "tagIdList": [101, 203, 307],
        },
        {"id": 1001, "createdTime": "2025-08-15T17:13:48", "createdUserName": "*dong Hong"},
        successor="indexes.request",
    ),
    Documented(
        "indexes.analysis_status",
        f"GET {IN_ASSET}/analyze-status",
        "maiu-analysis-status",
        "SAFE",
        ONE,
        f"{ASSET_ROOM}/analyze-status",
        result={"status": "ANALYZE_COMPLETED", "analysisStatusMessage": None, "indexId": 1001},
        successor="indexes.status",
    ),
    Documented(
        "indexes.cancel_analysis",
        f"DELETE {IN_ASSET}/analyze",
        "maiu-cancel-analysis",
        "CONFLICTS",
        ONE,
        f"{ASSET_ROOM}/analyze",
        successor="indexes.cancel",
    ),
    Documented(
        "indexes.list_by_asset",
        f"GET {IN_ASSET}/indexes",
        "maiu-list-indexes",
        "SAFE",
        ONE,
        f"{ASSET_ROOM}/indexes",
        result={"totalCount": 1, "indexes": [{**INDEX, "analysisSetting": SETTING}]},
        successor="indexes.get",
    ),
    Documented(
        "indexes.get_by_id",
        f"GET {OF_INDEX}",
        "maiu-index-details",
        "SAFE",
        {**ONE_INDEX, "confidence_level": "MEDIUM"},
        f"{INDEX_ROOM}?confidence_level=MEDIUM",
        result=INDEX,
        successor="indexes.get",
    ),
    Documented(
        "indexes.delete_by_id",
        f"DELETE {OF_INDEX}",
        "maiu-delete-indexes",
        "SAFE",
        ONE_INDEX,
        INDEX_ROOM,
        successor="indexes.delete",
    ),
)

SUMMARIES = (
    Documented(
        "scene_summaries.request",
        f"POST {IN_ASSET}/scene-summary",
        "mi-request-scene-summary",
        "CONFLICTS",
        {**ONE, "scene_ids": [1, 2]},
        f"{ASSET_ROOM}/scene-summary",
        {"sceneIds": [1, 2]},
    ),
    Documented(
        "scene_summaries.status",
        f"GET {IN_ASSET}/scene-summary/status",
        "mi-scene-summary-status",
        "SAFE",
        ONE,
        f"{ASSET_ROOM}/scene-summary/status",
        result={"status": "SUMMARIZING"},
    ),
    Documented(
        "scene_summaries.cancel",
        f"POST {IN_ASSET}/scene-summary/cancel",
        "mi-cancel-scene-summary",
        "CONFLICTS",
        ONE,
        f"{ASSET_ROOM}/scene-summary/cancel",
    ),
    Documented(
        "scene_summaries.get",
        f"GET {IN_ASSET}/scene-summary",
        "mi-get-scene-summary-result",
        "SAFE",
        ONE,
        f"{ASSET_ROOM}/scene-summary",
        result=SUMMARY,
    ),
    Documented(
        "scene_summaries.request_by_index",
        f"POST {OF_INDEX}/scene-summaries",
        "maiu-request-scene-summary",
        "CONFLICTS",
        {**ONE_INDEX, "scene_ids": [1, 2]},
        f"{INDEX_ROOM}/scene-summaries",
        {"sceneIds": [1, 2]},
        successor="scene_summaries.request",
    ),
    Documented(
        "scene_summaries.status_by_id",
        f"GET {OF_INDEX}/scene-summaries/{{scene_summary_id}}/status",
        "maiu-scene-summary-status",
        "SAFE",
        ONE_SUMMARY,
        f"{INDEX_ROOM}/scene-summaries/101/status",
        result={"status": "SUMMARIZE_COMPLETED"},
        successor="scene_summaries.status",
    ),
    Documented(
        "scene_summaries.cancel_by_id",
        f"DELETE {OF_INDEX}/scene-summaries/{{scene_summary_id}}",
        "maiu-cancel-scene-summary",
        "CONFLICTS",
        ONE_SUMMARY,
        f"{INDEX_ROOM}/scene-summaries/101",
        successor="scene_summaries.cancel",
    ),
    Documented(
        "scene_summaries.get_by_index",
        f"GET {OF_INDEX}/scene-summaries",
        "maiu-get-scene-summary",
        "SAFE",
        ONE_INDEX,
        f"{INDEX_ROOM}/scene-summaries",
        result=SUMMARY,
        successor="scene_summaries.get",
    ),
)
