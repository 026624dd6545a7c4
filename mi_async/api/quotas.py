"""Documented rates, by operation: a session makes its limiters of them before any operation is loaded.

Invariant: an operation that has a rate takes it from here, and no other is named.
"""

from collections.abc import Mapping

from mi_async._core.operation import Quota

QUOTAS: Mapping[str, Quota] = {
    "thumbnails.presign": Quota(50, 1.0),
    "thumbnails.complete": Quota(1000, 60.0),
    "query_assets.presign": Quota(50, 1.0),
    "query_assets.complete": Quota(1000, 60.0),
    "search.request": Quota(1000, 60.0),
}
