"""Integrations with other systems: each an extra, each imported only by who asks for it."""
