"""Giving images to a person: what is there is not given twice, and which refusals are about an image."""

import pytest

from mi_async.api.persons import ThumbnailInput
from mi_async.errors import APIError, InvalidRequestError, NotFoundError
from mi_async.workflows.attach import add_thumbnails, refuses_image
from tests.support.costs import costs
from tests.support.newsroom import context_of, newsroom
from tests.support.pictures import picture


async def test_what_a_look_finds_there_is_returned_and_not_given_again() -> None:
    async with newsroom() as news:
        person = await news.workspace.enroll_person("Gildong Hong", [picture()])
        wanted = [ThumbnailInput(key) for _, key in news.thumbnails()]
        with costs(news.server, {"persons.get": 1}):
            found = await add_thumbnails(context_of(news), person.id, wanted, look=True)
        assert [each.id for each in found] == [each.id for each in person.thumbnails]


@pytest.mark.parametrize(
    ("error", "about_an_image"),
    [
        *[(InvalidRequestError(400, code, "no"), True) for code in ("10069", "10072", "10073", "10074")],
        (InvalidRequestError(400, "10001", "no"), False),
        (NotFoundError(404, "300", "no"), False),
    ],
)
def test_refusals_of_an_image(error: APIError, about_an_image: bool) -> None:
    assert refuses_image(error) is about_an_image
