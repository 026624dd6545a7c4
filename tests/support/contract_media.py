"""The vendor's pages about projects and media assets, as a table.

Invariant: data only, written from the pages and not from the package.
"""

from tests.support.documented import PREFIX, ROOM, Documented

PROJECT = {
    "projectId": 1234,
    "name": "project_name",
    "isBaseProject": False,
    "createdUserName": "*dong Hong",
    "createdTime": "2025-08-15T17:13:48",
    "updatedUserName": "*dong Hong",
    "updatedTime": "2025-08-15T17:13:48",
}
META_DATA = {"resolution": "1920x1080", "durationMs": 61000, "size": 10485760, "format": "mp4"}
ASSET = {
    "assetId": 5678,
    "fileName": "sample-video.mp4",
    "projectId": 1234,
    "metaData": META_DATA,
    "key": "sample-video.mp4",
    "createUserName": "*dong Hong",
}
IN_PROJECT = f"{PREFIX}/{{workspace_name}}/projects/{{project_id}}"
IN_ASSET = f"{IN_PROJECT}/assets/{{asset_id}}"
PROJECT_ROOM = f"{ROOM}/projects/1234"
ASSET_ROOM = f"{PROJECT_ROOM}/assets/5678"
ONE = {"project_id": 1234, "asset_id": 5678}

PROJECTS = (
    Documented(
        "projects.create",
        f"POST {PREFIX}/{{workspace_name}}/projects",
        "maiu-create-projects",
        "CONFLICTS",
        {"name": "project_name"},
        f"{ROOM}/projects",
        {"name": "project_name"},
        PROJECT,
    ),
    Documented(
        "projects.list",
        f"GET {PREFIX}/{{workspace_name}}/projects",
        "maiu-list-projects",
        "SAFE",
        {},
        f"{ROOM}/projects",
        result={"projects": [PROJECT], "totalCount": 1},
    ),
    Documented(
        "projects.get",
        f"GET {IN_PROJECT}",
        "maiu-project-details",
        "SAFE",
        {"project_id": 1234},
        PROJECT_ROOM,
        result=PROJECT,
    ),
    Documented(
        "projects.update",
        f"PATCH {IN_PROJECT}",
        "maiu-update-projects",
        "SAFE",
        {"project_id": 1234, "name": "project_name"},
        PROJECT_ROOM,
        {"name": "project_name"},
        PROJECT,
    ),
    Documented(
        "projects.delete",
        f"DELETE {IN_PROJECT}",
        "maiu-delete-projects",
        "SAFE",
        {"project_id": 1234},
        PROJECT_ROOM,
    ),
)

ASSETS = (
    Documented(
        "assets.register",
        f"POST {IN_PROJECT}/assets/import/object-storage",
        "mi-create-assets",
        "DUPLICATES",
        {"project_id": 1234, "key": "sample-video.mp4", "bucket_name": "my-storage-bucket"},
        f"{PROJECT_ROOM}/assets/import/object-storage",
        {"key": "sample-video.mp4", "bucketName": "my-storage-bucket"},
        {
            "assetId": 5678,
            "createUserName": "*dong Hong",
            "createdTime": "2025-08-15T17:13:48",
            "updateUserName": "*dong Hong",
        },
    ),
    Documented(
        "assets.list",
        f"GET {IN_PROJECT}/assets",
        "mi-list-assets",
        "SAFE",
        {"project_id": 1234, "page_num": 1, "page_size": 100},
        f"{PROJECT_ROOM}/assets?pageNum=1&pageSize=100",
        result={"content": [ASSET], "totalCount": 1, "totalPage": 1, "pageNo": 1, "pageSize": 100},
    ),
    Documented("assets.get", f"GET {IN_ASSET}", "mi-asset-details", "SAFE", ONE, ASSET_ROOM, result=ASSET),
    Documented(
        "assets.import_status",
        f"GET {IN_ASSET}/import-status",
        "mi-asset-status",
        "SAFE",
        ONE,
        f"{ASSET_ROOM}/import-status",
        result={"assetId": 5678, "uploadStatus": "COMPLETED", "uploadResult": None, "metaData": META_DATA},
    ),
    Documented(
        "assets.move",
        f"PATCH {IN_ASSET}",
        "mi-move-assets",
        "SAFE",
        {"project_id": 1234, "asset_id": 1001, "new_project_id": 5678},
        f"{PROJECT_ROOM}/assets/1001?new_project_id=5678",
        result=ASSET | {"assetId": 1001, "projectId": 5678},
    ),
    Documented("assets.delete", f"DELETE {IN_ASSET}", "mi-delete-assets", "SAFE", ONE, ASSET_ROOM),
)
