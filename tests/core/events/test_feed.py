"""The feed of events: each once, at a place that no reader has passed, the same at every reading."""

from collections.abc import Callable
from functools import partial

from core.events.service import FeedItem, read_feed
from core.shows.service import Show
from tests.acting import book, cancel, hold, settle, uncommitted_batch
from tests.races.racing import race

MakeShow = Callable[..., Show]


def read_on(after: int = 0, limit: int = 100) -> list[FeedItem]:
    return read_feed([after], limit=limit).items


def test_feed_is_in_order_and_stays_the_same(make_show: MakeShow) -> None:
    show = make_show()
    booking_id = hold(show.id, "1")
    cancel(booking_id)
    settle(show.id)
    first = read_on()
    assert [(item.position, item.envelope["type"]) for item in first] == [
        (1, "BOOKING_HELD"),
        (2, "BOOKING_CANCELLED"),
    ]
    assert {item.envelope["subject"] for item in first} == {str(booking_id)}
    book(show.id, "2")
    settle(show.id)
    assert read_on()[:2] == first
    assert read_on(after=1, limit=1) == first[1:2]


def test_late_commit_is_not_missed(make_show: MakeShow) -> None:
    slow, quick = make_show(), make_show()
    book(slow.id, "1")
    book(quick.id, "1")
    with uncommitted_batch(slow.id):
        # It has the lower numbers, and commits after a reader has passed the higher ones.
        settle(quick.id)
        seen = read_on()
    assert len(seen) == 1
    assert len(read_on(after=seen[-1].position)) == 1


def test_many_readers_at_once_place_each_event_once(make_show: MakeShow) -> None:
    show = make_show(total_seats=100)
    for number in range(1, 101):
        book(show.id, str(number))
    settle(show.id)
    race([partial(read_on, 0, 1000)] * 12)
    positions = [item.position for item in read_on(limit=1000)]
    assert positions == list(range(positions[0], positions[0] + 100))
