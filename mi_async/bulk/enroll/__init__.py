"""Bulk runs over persons and thumbnails: decisions, stages, and the order of effects on one person."""
