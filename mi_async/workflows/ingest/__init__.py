"""Ingesting a media file: into the bucket, registered, imported, analysed, summarised."""
