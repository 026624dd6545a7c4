"""Decisions about persons and images: one rule for the single call and the bulk run, and names that tell a content."""

import itertools
from typing import get_args

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from mi_async import PersonInput
from mi_async.api.persons import PersonThumbnail
from mi_async.argument_types import IfPersonExists, IfPersonKnown
from mi_async.bulk.enroll.decisions import decide_row, missing_tags
from mi_async.bulk.journal.records import FAILED, ImageRecord, PersonRecord
from mi_async.workflows.enroll_decisions import (
    ImageDecision,
    LikenessDecision,
    PersonDecision,
    decide_image,
    decide_images,
    decide_likeness,
    decide_person,
    thumbnail_of_content,
    unassigned_tags,
)
from mi_async.workflows.thumbnail_names import digest_in_key, shown_digest, shows, upload_name
from mi_async.workflows.upload import State

DIGESTS = ["a" * 32, "b" * 32, "c" * 32]
TOKEN = "0123456789ab"


def thumbnail(name: str) -> PersonThumbnail:
    return PersonThumbnail(1, f"https://storage.example/thumbnails/newsroom/x/{name}?X-Amz-Signature=s")


def ours(digest: str) -> PersonThumbnail:
    return thumbnail(upload_name("hong.jpg", TOKEN, digest))


@pytest.mark.parametrize(("exists", "is_ours"), [*itertools.product([False, True], repeat=2)])
def test_a_person_who_does_not_exist_is_created_and_ours_is_completed(exists: bool, is_ours: bool) -> None:
    decided = {one: decide_person(exists=exists, ours=is_ours, if_exists=one) for one in get_args(IfPersonExists)}
    if not exists:
        assert set(decided.values()) == {PersonDecision.CREATE}
    elif is_ours:
        assert set(decided.values()) == {PersonDecision.COMPLETE}
    else:
        assert [decision.name for decision in decided.values()] == ["REFUSE", "REUSE", "COMPLETE"]
    assert decide_person(exists=exists, ours=is_ours) is decided["error"]


@pytest.mark.parametrize("matches", range(4))
def test_likeness_is_followed_only_where_it_is_of_one_person(matches: int) -> None:
    decided = {one: decide_likeness(matches, one) for one in get_args(IfPersonKnown)}
    create, refuse = LikenessDecision.CREATE, LikenessDecision.REFUSE
    assert decided["ignore"] is create
    assert decided["ask"] is (refuse if matches else create)
    assert decided["attach"] is {0: create, 1: LikenessDecision.ATTACH}.get(matches, refuse)


def test_thumbnails_from_media_keep_no_image_back() -> None:
    there = [thumbnail("face-12ab.png"), ours(DIGESTS[0])]
    plan = decide_images(DIGESTS, {}, there, from_media=True)
    assert [planned.decision.name for planned in plan] == ["KEEP", "UPLOAD", "UPLOAD"]
    assert [planned.decision.name for planned in decide_images(DIGESTS, {}, there)] == ["KEEP", "LEAVE", "LEAVE"]


def test_a_row_of_a_journal_and_a_thumbnail_of_the_service_are_decided_alike() -> None:
    row = ImageRecord("hong", DIGESTS[0], "hong.jpg", thumbnail_key=f"newsroom/x/hong-{TOKEN}-{DIGESTS[0]}.jpg")
    begun = {DIGESTS[0]: [row.thumbnail_key or ""]}
    service = {
        State.NEW.value: decide_images(DIGESTS[:1], {}, []),
        State.STORED.value: decide_images(DIGESTS[:1], begun, []),
        State.CONFIRMED.value: decide_images(DIGESTS[:1], begun, []),
        State.ATTACHED.value: decide_images(DIGESTS[:1], begun, [ours(DIGESTS[0])]),
    }
    for state, (planned,) in service.items():
        assert decide_row(evolve(row, state=state)) is planned.decision
    assert decide_row(evolve(row, state=FAILED)) is ImageDecision.RECALL


def test_tags_are_decided_alike() -> None:
    item = PersonInput("Hong", [b"x"], tags=["Anchor", "Guest"])
    assert missing_tags(item, PersonRecord("Hong", tags=("Guest",))) == ["Anchor"]
    assert unassigned_tags(item.tags, ["Guest"]) == ["Anchor"]


def test_what_nobody_can_tell_is_left_out() -> None:
    other = thumbnail("photo.jpg")
    plan = decide_images(DIGESTS, {DIGESTS[1]: ["k"]}, [ours(DIGESTS[0]), other])
    assert [planned.decision.name for planned in plan] == ["KEEP", "LEAVE", "LEAVE"]
    assert not any(planned.is_sent for planned in plan)
    assert decide_image(attached=True, refused=True, unclear=True, begun=True) is ImageDecision.KEEP


@given(
    st.lists(st.sampled_from(DIGESTS), max_size=8),
    st.dictionaries(st.sampled_from(DIGESTS), st.lists(st.text(min_size=1), max_size=3)),
    st.lists(st.sampled_from(DIGESTS), max_size=4),
)
def test_every_image_is_there_at_the_end_and_no_key_is_used_twice(
    digests: list[str], begun: dict[str, list[str]], there: list[str]
) -> None:
    plan = decide_images(digests, begun, [ours(digest) for digest in there])
    sent = [digests[planned.number] for planned in plan if planned.is_sent]
    assert sorted([*sent, *set(there)]) == sorted({*digests, *there})
    assert [planned.number for planned in plan] == [*range(len(digests))]
    for planned in plan:
        first = digests.index(digests[planned.number])
        assert planned.same_as == (None if first == planned.number else first)
    keys = [planned.key for planned in plan if planned.key is not None]
    left = [key for given_keys in begun.values() for key in given_keys]
    for key in keys:
        left.remove(key)
    for planned in plan:
        assert (planned.key is not None) == (planned.decision is ImageDecision.RESUME)


@pytest.mark.parametrize(
    ("file_name", "kept"),
    [
        ("hong.gil.jpg", "hong.gil"),
        ("홍 길동.png", "홍_길동"),
        ("x" * 99 + ".jpg", "x" * 60),
        (f"a-{TOKEN}-{DIGESTS[1]}.jpg", "a-"),
    ],
)
def test_a_name_tells_its_content(file_name: str, kept: str) -> None:
    name = upload_name(file_name, TOKEN, DIGESTS[0])
    assert name.startswith(kept)
    assert digest_in_key(f"newsroom/random/{name}") == DIGESTS[0]
    assert shown_digest(thumbnail(name)) == DIGESTS[0]
    assert shows(thumbnail(name), f"newsroom/other/{name}")


@pytest.mark.parametrize(
    "name", ["photo.jpg", "", f"hong-{TOKEN}.jpg", f"hong-{TOKEN}-{'g' * 32}.jpg", f"hong-{TOKEN}-{DIGESTS[0]}/x.jpg"]
)
def test_another_name_tells_nothing(name: str) -> None:
    assert digest_in_key(f"newsroom/random/{name}") is None
    assert shown_digest(thumbnail(name)) is None


def test_of_equal_thumbnails_the_first_one_is_taken_and_unknown_ones_are_not() -> None:
    first, second = evolve(ours(DIGESTS[0]), id=3), evolve(ours(DIGESTS[0]), id=2)
    there = [thumbnail("photo.jpg"), first, second]
    assert thumbnail_of_content(DIGESTS[0], there) is second
    assert thumbnail_of_content(DIGESTS[1], there) is None
