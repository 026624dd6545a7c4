"""Defaults of bulk runs: the only place where these stand; imports nothing, since signatures need them."""

GRACE = 30.0
PATIENCE = 6 * 3600.0
ROOM = 3072
"""Most items in flight: the largest adaptive limit, and those that have left it and wait for others."""
LIFE = 30.0
"""Seconds for which the claims of a process last without a sign of life."""
SHARDS = 64
"""Parts of the input of a journal, if nobody says otherwise."""
