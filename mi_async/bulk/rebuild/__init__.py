"""Journals rebuilt from the service: decisions, look-ups, and the rows that a run takes up."""
