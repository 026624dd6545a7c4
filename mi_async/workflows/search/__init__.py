"""Scene search: the query and its hits."""
