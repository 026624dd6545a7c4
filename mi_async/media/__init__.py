"""Formats of files, told by their content."""
