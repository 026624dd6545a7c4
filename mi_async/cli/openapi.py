"""``openapi``: the description of the API, for tools that read one.

Law: stdout carries the JSON and nothing else; nothing is asked of any service.
"""

from mi_async.api.openapi import SERVICE, describe
from mi_async.cli.output import show


def openapi(*, url: str = SERVICE) -> None:
    """Print an OpenAPI 3.1 description of the API.

    Args:
        url: where the API is, for the description's server.
    """
    show(describe(url), "json")
