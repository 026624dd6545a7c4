"""MCP server: find, enroll, search and ingest as tools of an agent; ``mi-async mcp`` runs it.

Invariant: no tool deletes, merges, cancels, moves or renames anything; a tool that adds something is there only with
``--write``. The SDK ``mcp`` is imported by ``tool_server`` and ``stdio`` alone.
"""
