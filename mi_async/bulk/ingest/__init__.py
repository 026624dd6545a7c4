"""Bulk runs over media files: decisions and stages."""
