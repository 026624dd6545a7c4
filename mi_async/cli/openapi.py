"""The command ``openapi``: the description of all operations for other tools."""

from mi_async.api.openapi import SERVICE, describe
from mi_async.cli.output import show


def openapi(*, url: str = SERVICE) -> None:
    """Print an OpenAPI 3.1 description of the API.

    Args:
        url: URL of the API, for the description's server.
    """
    show(describe(url), "json")
