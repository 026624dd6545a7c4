"""The vendor's pages about search and its query images, as a table.

Invariant: data only, written from the pages and not from the package.
"""

from tests.support.documented import PREFIX, ROOM, Documented

QUERY = {
    "textQuery": "goal celebration",
    "personQuery": {"must": [1001], "any": [1002, 1003], "not": [1004]},
    "dialogQuery": {"must": ["goal"], "any": ["victory"], "not": ["defeat"]},
}
FILTER = {
    "projectIds": [1234],
    "assetTypes": ["VIDEO"],
    "indexModifiedFrom": "2025-08-15T17:13:48",
    "indexModifiedTo": "2025-08-16T00:00:00",
}

QUERIES = (
    Documented(
        "query_assets.presign",
        "POST /api/v1/query-assets/uploads/presigned-url",
        "maiu-upload-asset-query-url",
        "SAFE",
        {"asset_type": "IMAGE", "asset_file_name": "search_image.png"},
        "/api/v1/query-assets/uploads/presigned-url",
        {"assetType": "IMAGE", "assetFileName": "search_image.png"},
        {
            "assetFileKey": "images/.../query_image.jpg",
            "presignedUploadUrl": "https://kr.object.ncloudstorage.com/..../query_image.jpg?...",
            "expirationSeconds": 900,
        },
        quota=(50, 1),
    ),
    Documented(
        "query_assets.complete",
        "POST /api/v1/query-assets/uploads/complete",
        "maiu-upload-asset-query-status",
        "SAFE",
        {"asset_key": "images/.../query_image.jpg"},
        "/api/v1/query-assets/uploads/complete",
        {"assetKey": "images/.../query_image.jpg"},
        {"assetKey": "images/.../query_image.jpg", "uploadStatus": "COMPLETED", "uploadMessage": None},
        quota=(1000, 60),
    ),
    Documented(
        "search.request",
        f"POST {PREFIX}/{{workspace_name}}/assets/search",
        "maiu-search-asset",
        "SAFE",
        {"query": QUERY, "query_option": {"confidenceLevel": "MEDIUM"}, "query_filter": FILTER},
        f"{ROOM}/assets/search",
        {"query": QUERY, "queryOption": {"confidenceLevel": "MEDIUM"}, "filter": FILTER},
        {"searchId": "JtWJKTDCKknMHP8Id4Gt"},
        quota=(1000, 60),
    ),
    Documented(
        "search.get",
        f"GET {PREFIX}/{{workspace_name}}/assets/search/{{search_id}}",
        "maiu-get-asset-search-result",
        "SAFE",
        {"search_id": "JtWJKTDCKknMHP8Id4Gt", "page_num": 1, "page_size": 50},
        f"{ROOM}/assets/search/JtWJKTDCKknMHP8Id4Gt?pageNum=1&pageSize=50",
        result={
            "searchId": "JtWJKTDCKknMHP8Id4Gt",
            "status": "COMPLETED",
            "totalCount": 1,
            "totalPage": 1,
            "pageNo": 1,
            "pageSize": 50,
            "results": [{}],
        },
    ),
)
