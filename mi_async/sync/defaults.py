"""Defaults of a sync: the only place where these stand; imports nothing, since signatures need them."""

SETTLE = 10.0
"""Seconds for which a file must not have changed."""
INTERVAL = 60.0
"""Seconds between two looks at a source that is watched."""
