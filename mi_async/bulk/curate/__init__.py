"""Bulk runs over a table that says who persons are: decisions, plans, and the run that renames and merges."""
