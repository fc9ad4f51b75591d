"""The archive: bookings long past go there with their events, once, and can still be read."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from core import housekeeping
from core.bookings import history
from core.bookings.errors import AlreadySettledError, BookingNotFoundError
from core.events.service import place_events, read_feed
from core.infra.db import primary, transaction
from core.infra.slot_groups import SlotGroup
from core.shows.service import Show
from tests.acting import ask, book, cancel, confirm, extend, hold, read, read_all, run, settle

MakeShow = Callable[..., Show]


def make_past(*, days: int = 91) -> None:
    """Let everything have happened so many days ago, and be published."""
    ago = f"interval '{days} days'"
    run(f"UPDATE shows SET start_time = now() - {ago}, created_at = created_at - {ago}")
    run(f"UPDATE bookings SET updated_at = updated_at - {ago}, created_at = created_at - {ago}")
    with transaction() as connection:
        place_events(connection, SlotGroup(0))
    run("UPDATE event_cursors SET position = (SELECT max(position) FROM events)")


def explain(booking_id: UUID) -> list[dict[str, object]]:
    with primary() as connection:
        return history.explain_booking(connection, booking_id)


def test_archived_with_its_events_and_still_readable(make_show: MakeShow) -> None:
    show = make_show()
    booking_id = hold(show.id, "1", customer="Zoë")
    confirm(booking_id)
    settle(show.id)
    lost = book(show.id, "1")
    settle(show.id)
    make_past()
    before, history = read(booking_id), explain(booking_id)
    assert housekeeping.archive_bookings() == 2
    assert ask("SELECT FROM bookings") == ask("SELECT FROM events") == []
    assert read(booking_id) == before
    assert explain(booking_id) == history
    assert [change["change"] for change in history] == [
        "BOOKING_ACCEPTED",
        "BOOKING_HELD",
        "CONFIRM_REQUESTED",
        "BOOKING_CONFIRMED",
    ]
    assert read_all(lost, uuid4(), booking_id).keys() == {lost, booking_id}
    assert housekeeping.archive_bookings() == 0


@pytest.mark.parametrize("act", [confirm, extend, cancel])
def test_archived_booking_can_only_be_read(make_show: MakeShow, act: Callable[[UUID], object]) -> None:
    show = make_show()
    booking_id = book(show.id, "1")
    settle(show.id)
    make_past()
    housekeeping.archive_bookings()
    with pytest.raises(AlreadySettledError):
        act(booking_id)
    with pytest.raises(BookingNotFoundError):
        act(uuid4())


def test_places_in_the_feed_are_never_given_twice(make_show: MakeShow) -> None:
    show = make_show()
    book(show.id, "1")
    settle(show.id)
    make_past()
    housekeeping.archive_bookings()
    run("UPDATE shows SET start_time = now() + interval '1 day'")
    book(show.id, "2")
    settle(show.id)
    assert [item.position for item in read_feed([1], limit=9).items] == [2]


@pytest.mark.parametrize(
    "spare",
    [
        "UPDATE shows SET start_time = now() - interval '80 days'",
        "UPDATE bookings SET updated_at = now()",
        "UPDATE event_cursors SET position = 0",
        "UPDATE events SET position = NULL",
        "UPDATE bookings SET wants = 'cancel'",
        "INSERT INTO webhook_endpoints (url, secrets, position) VALUES ('https://a', '{x}', 0);"
        "INSERT INTO webhook_deliveries (endpoint_id, event_id, booking_id, position)"
        " SELECT w.id, e.id, e.booking_id, 1 FROM webhook_endpoints w, events e",
    ],
)
def test_what_is_not_yet_over_stays(make_show: MakeShow, spare: str) -> None:
    show = make_show()
    book(show.id, "1")
    settle(show.id)
    make_past()
    run(spare)
    assert housekeeping.archive_bookings() == 0
    assert ask("SELECT count(*) FROM events")[0][0] == 1
