"""Answers of the service as the benchmarks use them: JSON values, and the same as bytes in the service's envelope."""

import json
from typing import Any

URL = "https://kr.object.ncloudstorage.com/mi-thumbnails/{0}.jpg?X-Amz-Expires=900&X-Amz-Signature={0:064x}"
PLACE = 987_654_321
"""Stands where the ID goes that a request asks for."""
CONFLICT = json.dumps({"code": "10062", "message": "Tag already registered."}).encode()


def person(number: int) -> dict[str, Any]:
    """Return a person with four tags and three thumbnails."""
    first = 10 * number
    return {
        "personId": number,
        "name": f"Person {number}",
        "description": f"Anchor of programme {number}",
        "tags": [{"id": i, "name": f"Tag {i}"} for i in range(first, first + 4)],
        "thumbnails": [
            {"id": i, "url": URL.format(i), "isPrimaryThumbnail": i == first} for i in range(first, first + 3)
        ],
    }


def page(number: int, size: int, total: int) -> dict[str, Any]:
    """Return a page of persons, the first of them numbered by those on the pages before."""
    first = (number - 1) * size
    return {
        "content": [person(first + index) for index in range(min(size, total - first))],
        "totalCount": total,
        "totalPage": -(-total // size),
        "pageNo": number,
        "pageSize": size,
    }


def presigned(number: int) -> dict[str, Any]:
    """Return a presigned URL."""
    return {
        "thumbnailKey": f"person-thumbnail/{number:026}.jpg",
        "url": f"https://storage.example.com/bucket/{number:026}.jpg?X-Amz-Expires=900&X-Amz-Signature={'0' * 64}",
        "expirationSeconds": 900,
    }


def envelope(result: Any) -> bytes:
    """Return the body of a successful answer."""
    return json.dumps({"code": "0", "message": "SUCCESS", "result": result}, separators=(",", ":")).encode()


LABEL = {
    "id": PLACE,
    "node_id": "MDU6TGFiZWwyMDgwNDU5NDY=",
    "url": f"https://api.example.com/repos/o/r/labels/{PLACE}",
    "name": f"enhancement-{PLACE}",
    "color": "a2eeef",
    "default": False,
    "description": "New feature or request that somebody has asked for",
}
VECTOR_STORE = {
    "id": str(PLACE),
    "object": "vector_store",
    "created_at": 1699061776,
    "name": "Support FAQ",
    "usage_bytes": 139920,
    "status": "completed",
    "file_counts": {"in_progress": 0, "completed": 3, "failed": 0, "cancelled": 0, "total": 3},
    "last_active_at": 1699061776,
    "metadata": {"team": "search"},
}
MESSAGE = {
    "id": "msg_013Zva2CMHLNnjNjJKqJ2EF",
    "type": "message",
    "role": "assistant",
    "model": "some-model-1",
    "content": [{"type": "text", "text": "Hi! My name is Bench."}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 2095, "output_tokens": 503},
}
INDEX = {
    "_id": str(PLACE),
    "index_name": "bench",
    "created_at": "2025-01-02T03:04:05Z",
    "updated_at": "2025-01-02T03:04:05Z",
    "expires_at": None,
    "total_duration": 1234.5,
    "video_count": 12,
    "models": [{"model_name": "marengo", "model_options": ["visual", "audio"]}],
    "addons": ["thumbnail"],
}
COLLECTION = {
    "CollectionARN": "aws:rekognition:us-east-1:123456789012:collection/bench",
    "CreationTimestamp": 1699061776.5,
    "FaceCount": 123,
    "FaceModelVersion": "7.0",
    "UserCount": 4,
}
"""Answers of the peers' services."""
