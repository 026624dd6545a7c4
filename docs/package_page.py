"""README of the package index: the README of the repository with links that work there.

Invariant: without an address of the repository no link is dead and no image is broken: relative links are text, and
relative images are left out.
"""

import os
import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

VARIABLE = "MI_ASYNC_REPOSITORY_URL"
"""Address of the repository, such as https://github.com/OWNER/mi_async; a release sets it."""
IMAGE = re.compile(r"^!\[([^\]]*)\]\((?!\w+:)([^)]+)\)\n\n?", re.MULTILINE)
LINK = re.compile(r"(?<!!)\[([^\]]*)\]\((?!\w+:|#)([^)]+)\)")


class PackagePage(MetadataHookInterface):
    """Hook of hatchling, which finds it by its base class."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set the readme, and the addresses where the repository has one."""
        readme = Path(self.root, "README.md").read_text(encoding="utf-8")
        address = os.environ.get(VARIABLE, "").removesuffix("/")
        text = page(readme, f"{address}/{{kind}}/v{metadata['version']}" if address else "")
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
        metadata["urls"] = addresses(address)


def page(readme: str, address: str) -> str:
    """Return the README with its relative links and images below an address, and without them if there is none.

    Args:
        readme: of the repository.
        address: of a version of the repository, with ``{kind}`` where GitHub wants ``blob`` or ``raw``.
    """
    if not address:
        return LINK.sub(r"\1", IMAGE.sub("", readme))
    shown, read = address.format(kind="raw"), address.format(kind="blob")
    images = IMAGE.sub(lambda found: f"![{found[1]}]({shown}/{found[2]})\n\n", readme)
    return LINK.sub(lambda found: f"[{found[1]}]({read}/{found[2]})", images)


def addresses(repository: str) -> dict[str, str]:
    """Return the links of the project: those of the repository if that has an address."""
    service = {"API of the service": "https://api.ncloud-docs.com/docs/en/mi-overview"}
    if not repository:
        return service
    return service | {
        "Repository": repository,
        "Documentation": os.environ.get("MI_ASYNC_SITE_URL") or f"{repository}/blob/main/docs/index.md",
        "Changelog": f"{repository}/blob/main/CHANGELOG.md",
        "Issues": f"{repository}/issues",
    }
