"""Thumbnails as other software uploads them: their names tell nothing of their content."""

import aiohttp
from yarl import URL

from mi_async import ThumbnailInput, Workspace


async def upload_elsewhere(workspace: Workspace, image: bytes, name: str = "photo.png") -> str:
    """Upload an image; return its thumbnail key."""
    issued = await workspace.thumbnails.presign(name)
    async with (
        aiohttp.ClientSession() as http,
        http.put(URL(issued.url, encoded=True), data=image, headers={"Content-Type": "image/png"}) as answer,
    ):
        assert answer.status == 200
    check = await workspace.thumbnails.complete(issued.thumbnail_key)
    assert check.upload_status == "COMPLETED"
    return issued.thumbnail_key


async def person_of_other_software(workspace: Workspace, name: str | None, *images: bytes) -> int:
    """Create a person with such thumbnails, the first as the primary one; return its ID."""
    keys = [await upload_elsewhere(workspace, image, f"photo{at}.png") for at, image in enumerate(images)]
    thumbnails = [ThumbnailInput(key, at == 0) for at, key in enumerate(keys)]
    return (await workspace.persons.create(name, thumbnails=thumbnails)).id
