"""Views of a journal, for whoever opens it with another program.

Invariant: text only; no connection.
"""

VIEWS = (
    """CREATE VIEW summary AS -- how many persons by status, and pictures by state
  SELECT 'persons' AS what, status, count(*) AS count FROM persons GROUP BY status
  UNION ALL SELECT 'pictures', state, count(*) FROM pictures GROUP BY state
  UNION ALL SELECT 'abandoned', '', count(*) FROM abandoned HAVING count(*) > 0""",
    """CREATE VIEW problems AS -- what went wrong, once; source is the picture, or where the person was read
  SELECT person, 'person' AS what, status, code, message, origin AS source FROM persons
  WHERE code <> '' AND (person, code, message) NOT IN (SELECT person, code, message FROM pictures WHERE code <> '')
  UNION ALL SELECT person, 'picture', state, code, message, source FROM pictures WHERE code <> ''
  ORDER BY 1, 2, 6""",
    """CREATE VIEW unattached AS -- pictures at the service that no person has; times are UTC, keys lapse after 24 h
  SELECT person, source, thumbnail_key, state, -- presigned: it was in flight, and may be there, since then at most
         datetime(nullif(stored_at, 0), 'unixepoch') AS stored,
         datetime(nullif(stored_at, 0) + 86400, 'unixepoch') AS lapses
  FROM pictures WHERE thumbnail_key IS NOT NULL AND state <> 'attached' AND (stored_at > 0 OR state = 'presigned')""",
)
"""For whoever opens the file with sqlite3; SQLite keeps the comments."""

ASSET_VIEWS = (
    """CREATE VIEW summary AS -- how many media files by status, and by how far they are
  SELECT 'status' AS what, status, count(*) AS count FROM assets GROUP BY status
  UNION ALL SELECT 'state', state, count(*) FROM assets GROUP BY state""",
    """CREATE VIEW problems AS -- what went wrong; source is the file, or where it was read
  SELECT key AS asset, 'asset' AS what, status, code, message,
         CASE source WHEN '' THEN origin ELSE source END AS source
  FROM assets WHERE code <> '' ORDER BY 1, 2, 6""",
)


def in_postgres(view: str) -> tuple[str, str]:
    """Return a view in the SQL of PostgreSQL, and the statement that keeps its comment."""
    first, _, rest = view.replace("datetime(", "to_timestamp(").replace(", 'unixepoch')", ")").partition("\n")
    start, _, comment = first.partition(" -- ")
    name = start.removeprefix("CREATE VIEW ").removesuffix(" AS")
    return f"{start}\n{rest}", f"COMMENT ON VIEW {name} IS '{comment}'"
