"""Machinery, not public: operations, quotas, retry, transport."""
