"""Sync of media: a folder or a prefix of a bucket against a project, once or at an interval."""
