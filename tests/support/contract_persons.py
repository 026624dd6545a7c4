"""The vendor's pages about persons that came with 2026-09-17, and those of DELETE with a body, as a table.

Invariant: data only, written from the pages and not from the package.
"""

from tests.support.contract_people import PAGE, PERSON, TAG, THUMBNAIL
from tests.support.documented import PREFIX, ROOM, Documented

NEWER = (
    Documented(
        "persons.remove_thumbnails_with_delete",
        f"DELETE {PREFIX}/{{workspace_name}}/persons/{{person_id}}/person-thumbnail",
        "maiu-remove-person-thumbnail",
        "SAFE",
        {"person_id": 1001, "thumbnail_ids": [1234]},
        f"{ROOM}/persons/1001/person-thumbnail",
        {"thumbnailIds": [1234]},
        {"thumbnailList": [THUMBNAIL]},
    ),
    Documented(
        "persons.remove_tags_with_delete",
        f"DELETE {PREFIX}/{{workspace_name}}/persons/{{person_id}}/person-tags",
        "maiu-remove-person-tags",
        "SAFE",
        {"person_id": 1001, "tag_ids": [200]},
        f"{ROOM}/persons/1001/person-tags",
        {"tagIds": [200]},
        {"tagList": [TAG], "personId": 1001},
    ),
    Documented(
        "persons.search",
        f"POST {PREFIX}/{{workspace_name}}/persons/search",
        "mi-search-persons",
        "SAFE",
        {
            "page_size": 50,
            "name": "Hong",
            "person_ids": [1001],
            "tag_ids": [100],
            "name_type": "NAMED",
            "sort_column": "NAME",
            "sort_type": "ASC",
        },
        f"{ROOM}/persons/search",
        {
            "pageNum": 1,
            "pageSize": 50,
            "name": "Hong",
            "personIds": [1001],
            "tagIds": [100],
            "nameType": "NAMED",
            "sortColumn": "NAME",
            "sortType": "ASC",
        },
        {"content": [PERSON], **PAGE},
    ),
    Documented(
        "persons.merge",
        f"POST {PREFIX}/{{workspace_name}}/persons/{{person_id}}/merge",
        "mi-merge-persons",
        "DUPLICATES",
        {"person_id": 1001, "person_ids": [1002, 1003]},
        f"{ROOM}/persons/1001/merge",
        {"personIds": [1002, 1003]},
        {
            "personId": 1001,
            "transferredAssetCount": 7,
            "transferredThumbnailCount": 2,
            "mergedTime": "2025-08-15T17:13:48",
        },
    ),
    Documented(
        "persons.similar",
        f"GET {PREFIX}/{{workspace_name}}/persons/{{person_id}}/similar",
        "mi-similar-persons",
        "SAFE",
        {"person_id": 1001, "person_count": 3, "score_threshold": 80},
        f"{ROOM}/persons/1001/similar?personCount=3&scoreThreshold=80",
        result={"personId": 1001, "similarPersons": [{"personId": 1002}]},
    ),
    Documented(
        "persons.recommend_by_thumbnail",
        f"POST {PREFIX}/{{workspace_name}}/persons/recommend-by-thumbnail",
        "mi-recommend-persons-by-thumbnail",
        "SAFE",
        {"thumbnail_key": "persons/thumbnails/hong.jpg", "person_count": 3, "score_threshold": 80},
        f"{ROOM}/persons/recommend-by-thumbnail",
        {"thumbnailKey": "persons/thumbnails/hong.jpg", "personCount": 3, "scoreThreshold": 80},
        {},  # its members are not on the page
    ),
)
