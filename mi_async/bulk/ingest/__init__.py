"""Bulk runs over media files: decisions, admission and the pipeline."""
