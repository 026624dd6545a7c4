"""Faces that the service found: persons without a name, doubles, and the tables in which people say who they are."""
