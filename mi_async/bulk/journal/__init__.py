"""The durable state of a bulk run, in SQLite."""
