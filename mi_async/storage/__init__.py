"""Object Storage over its S3 API: large files into a bucket, resumable, in bounded memory.

Invariant: knows buckets, objects and parts, and nothing of assets. Needs the extra ``storage`` once something is asked
of it.
"""
