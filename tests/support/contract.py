"""The vendor's pages as a table, written from them and not from the package: what each operation is on the wire.

Law: data only. Examples are the pages' own, with ``my-workspace`` for the workspace name; where a page has no
example of an answer, the answer is made from its table of members. Source: api.ncloud-docs.com, Media Intelligence.
"""

from collections.abc import Mapping
from typing import Any

from attrs import frozen

PREFIX = "/api/v1/workspaces"
ROOM = f"{PREFIX}/my-workspace"


@frozen
class Documented:
    """One operation as its page has it.

    Attributes:
        id: what we call it.
        route: method and path template.
        slug: of the page.
        repeat: name of the repeat class that follows from the page's words.
        call: arguments that make the example.
        target: path and query of the example.
        body: JSON body of the example.
        result: ``result`` of a documented answer, None where there is none.
        quota: calls and seconds.
    """

    id: str
    route: str
    slug: str
    repeat: str
    call: Mapping[str, Any]
    target: str
    body: Any = None
    result: Any = None
    quota: tuple[int, float] | None = None


THUMBNAIL = {"id": 4321, "url": "https://kr.object.ncloudstorage.com/.../jiho2.jpg?...", "isPrimaryThumbnail": True}
TAG = {"id": 100, "name": "Anchor"}
PERSON = {
    "personId": 1001,
    "name": "Jae-suk Yoo",
    "description": "He's the representative MC in Korea.",
    "tags": [TAG],
    "thumbnails": [THUMBNAIL],
}
WORKSPACE = {
    "workspaceName": "my-workspace",
    "workspaceUrl": "https://mi.apigw.ntruss.com/api/v1/workspaces/my-workspace",
    "bucketName": "my-bucket",
}
PAGE = {"totalCount": 1, "totalPage": 1, "pageNo": 1, "pageSize": 10}

CONTRACT = (
    Documented(
        "workspaces.create",
        f"POST {PREFIX}",
        "maiu-create-workspaces",
        "CONFLICTS",
        {"workspace_name": "my-workspace", "bucket_name": "my-bucket"},
        PREFIX,
        {"workspaceName": "my-workspace", "bucketName": "my-bucket"},
        {"workspaceName": "my-workspace", "createdUserName": "*dong Hong", "createdTime": "2025-08-15T17:13:48"},
    ),
    Documented(
        "workspaces.list",
        f"GET {PREFIX}",
        "maiu-list-workspaces",
        "SAFE",
        {"page_num": 1, "page_size": 100},
        f"{PREFIX}?pageNum=1&pageSize=100",
        result={"content": [WORKSPACE], **PAGE},
    ),
    Documented(
        "workspaces.get",
        f"GET {PREFIX}/{{workspace_name}}",
        "maiu-workspace-details",
        "SAFE",
        {"workspace_name": "my-workspace"},
        ROOM,
        result=WORKSPACE,
    ),
    Documented(
        "workspaces.delete",
        f"DELETE {PREFIX}/{{workspace_name}}",
        "maiu-delete-workspaces",
        "SAFE",
        {"workspace_name": "my-workspace"},
        ROOM,
    ),
    Documented(
        "person_tags.create",
        f"POST {PREFIX}/{{workspace_name}}/person-tags",
        "maiu-create-person-tags",
        "CONFLICTS",
        {"name": "Anchor"},
        f"{ROOM}/person-tags",
        {"name": "Anchor"},
        {"id": 1001, "name": "Anchor", "createdTime": "2025-08-15T17:13:48", "createdUserName": "*dong Hong"},
    ),
    Documented(
        "person_tags.list",
        f"GET {PREFIX}/{{workspace_name}}/person-tags",
        "maiu-list-person-tags",
        "SAFE",
        {"page_num": 1, "page_size": 10},
        f"{ROOM}/person-tags?pageNum=1&pageSize=10",
        result={"content": [TAG], **PAGE},
    ),
    Documented(
        "person_tags.delete",
        f"DELETE {PREFIX}/{{workspace_name}}/person-tags/{{tag_id}}",
        "maiu-delete-person-tags",
        "SAFE",
        {"tag_id": 1001},
        f"{ROOM}/person-tags/1001",
    ),
    Documented(
        "persons.create",
        f"POST {PREFIX}/{{workspace_name}}/persons",
        "maiu-create-persons",
        "CONFLICTS",
        {
            "name": "Gildong Hong",
            "description": "A representative fictional character in Korea.",
            "thumbnails": [("persons/thumbnails/hong.jpg", True)],
        },
        f"{ROOM}/persons",
        {
            "name": "Gildong Hong",
            "description": "A representative fictional character in Korea.",
            "thumbnails": [{"thumbnailKey": "persons/thumbnails/hong.jpg", "isPrimaryThumbnail": True}],
        },
        {"id": 1001},
    ),
    Documented(
        "persons.get",
        f"GET {PREFIX}/{{workspace_name}}/persons/{{person_id}}",
        "maiu-person-details",
        "SAFE",
        {"person_id": 1001},
        f"{ROOM}/persons/1001",
        result=PERSON,
    ),
    Documented(
        "persons.list",
        f"GET {PREFIX}/{{workspace_name}}/persons",
        "maiu-list-persons",
        "SAFE",
        {"page_num": 1, "page_size": 10, "name": "홍길동", "tag_ids": [100, 200]},
        f"{ROOM}/persons?pageNum=1&pageSize=10&name=%ED%99%8D%EA%B8%B8%EB%8F%99&tagIdList=100,200",
        result={"content": [PERSON], **PAGE},
    ),
    Documented(
        "persons.update",
        f"PATCH {PREFIX}/{{workspace_name}}/persons/{{person_id}}",
        "maiu-update-persons",
        "SAFE",
        {
            "person_id": 1001,
            "name": "Jae-suk Yoo",
            "description": "He's the representative MC in Korea.",
            "primary_thumbnail_id": 3002,
        },
        f"{ROOM}/persons/1001",
        {
            "name": "Jae-suk Yoo",
            "description": "He's the representative MC in Korea.",
            "primaryThumbnailId": 3002,
        },
        PERSON,
    ),
    Documented(
        "persons.delete",
        f"DELETE {PREFIX}/{{workspace_name}}/persons/{{person_id}}",
        "maiu-delete-persons",
        "SAFE",
        {"person_id": 1001},
        f"{ROOM}/persons/1001",
        result=PERSON,
    ),
    Documented(
        "persons.set_thumbnails",
        f"POST {PREFIX}/{{workspace_name}}/persons/{{person_id}}/person-thumbnail",
        "maiu-set-person-thumbnail",
        "DUPLICATES",
        {"person_id": 1001, "thumbnails": [("my-workspace/W05xCokQ1v/jiho0.jpg", True)]},
        f"{ROOM}/persons/1001/person-thumbnail",
        {"thumbnails": [{"thumbnailKey": "my-workspace/W05xCokQ1v/jiho0.jpg", "isPrimaryThumbnail": True}]},
        {"thumbnailList": [THUMBNAIL], "personId": 1001},
    ),
    Documented(
        "persons.remove_thumbnails",
        f"POST {PREFIX}/{{workspace_name}}/persons/{{person_id}}/person-thumbnail/remove",
        "mi-remove-person-thumbnails",
        "SAFE",
        {"person_id": 1001, "thumbnail_ids": [1234]},
        f"{ROOM}/persons/1001/person-thumbnail/remove",
        {"thumbnailIds": [1234]},
        {"thumbnailList": [THUMBNAIL]},
    ),
    Documented(
        "persons.add_tags",
        f"POST {PREFIX}/{{workspace_name}}/persons/{{person_id}}/person-tags",
        "maiu-add-person-tags",
        "SAFE",
        {"person_id": 1001, "tag_ids": [100, 200]},
        f"{ROOM}/persons/1001/person-tags",
        {"tagIds": [100, 200]},
        {"tagList": [TAG, {"id": 200, "name": "MC"}]},
    ),
    Documented(
        "persons.remove_tags",
        f"POST {PREFIX}/{{workspace_name}}/persons/{{person_id}}/person-tags/remove",
        "mi-remove-person-tags",
        "SAFE",
        {"person_id": 1001, "tag_ids": [200]},
        f"{ROOM}/persons/1001/person-tags/remove",
        {"tagIds": [200]},
        {"tagList": [TAG], "personId": 1001},
    ),
    Documented(
        "thumbnails.presign",
        f"POST {PREFIX}/{{workspace_name}}/person-thumbnail/uploads/presigned-url",
        "maiu-upload-person-thumbnail-url",
        "SAFE",
        {"thumbnail_file_name": "test_profile.jpg"},
        f"{ROOM}/person-thumbnail/uploads/presigned-url",
        {"thumbnailFileName": "test_profile.jpg"},
        {
            "thumbnailKey": "persons/thumbnails/test_profile.jpg",
            "url": "https://kr.object.ncloudstorage.com/..../test_profile.jpg?...",
            "expirationSeconds": 900,
        },
        quota=(50, 1),
    ),
    Documented(
        "thumbnails.complete",
        f"POST {PREFIX}/{{workspace_name}}/person-thumbnail/uploads/complete",
        "maiu-upload-person-thumbnail-status",
        "SAFE",
        {"thumbnail_key": "persons/thumbnails/test_profile.jpg"},
        f"{ROOM}/person-thumbnail/uploads/complete",
        {"thumbnailKey": "persons/thumbnails/test_profile.jpg"},
        {"uploadStatus": "COMPLETED", "uploadMessage": None},
        quota=(1000, 60),
    ),
)
"""Every operation of the pages that the package covers."""
