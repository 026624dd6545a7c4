"""Restore: a backup into a workspace, by the engine of bulk runs."""
