"""Bookings whose ids were minted before ids told the slot: found, acted on and archived like all others."""

from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy import text

from core import housekeeping
from core.bookings import history, service
from core.bookings.idempotency import Key
from core.bookings.tickets import parse_code
from core.infra.db import primary
from core.infra.ids import new_id, read_slot
from core.infra.slots import SLOTS, to_slot
from core.shows.service import Show
from migrations.distributing import _HAS_OTHER_IDS
from tests.acting import book, cancel, confirm, extend, read, read_all, run, settle, tell

MakeShow = Callable[..., Show]
KEY = Key("anonymous", "key", "fingerprint")


def make_older(booking_id: UUID, slot: int) -> UUID:
    """Give a booking that waits an id of another slot than its own; the id."""
    older = new_id((slot + 1) % SLOTS)
    run("UPDATE bookings SET id = :older WHERE id = :id", older=older, id=booking_id)
    run("UPDATE used_keys SET booking_ids = ARRAY[cast(:older AS uuid)]", older=older)
    return older


@pytest.fixture
def older(make_show: MakeShow) -> UUID:
    """A hold by such an id."""
    show = make_show()
    booking_id = make_older(book(show.id, "1", hold=True, key=KEY), to_slot(show.id))
    settle(show.id)
    return booking_id


def test_new_ids_tell_the_slot_of_their_show(make_show: MakeShow) -> None:
    show = make_show()
    ids = [book(show.id, str(number)) for number in range(1, 6)]
    assert {read_slot(id_) for id_ in ids} == {show.id % 4096}
    assert {id_.version for id_ in ids} == {7}
    assert len({id_.int & (1 << 62) - 1 for id_ in ids}) == 5
    settle(show.id)
    with primary() as connection:
        assert not connection.execute(_HAS_OTHER_IDS).scalar_one()
        events = connection.execute(text("SELECT id FROM events")).scalars().all()
    assert {read_slot(id_) for id_ in events} == {show.id % 4096}


def test_it_is_found(older: UUID, make_show: MakeShow) -> None:
    assert tell(older) == "held"
    other = book(make_show().id, "1")
    assert set(read_all(older, other, new_id(1))) == {older, other}
    with primary() as connection:
        assert service.get_booking(connection, older).seats == ["1"]
        assert [step["change"] for step in history.explain_booking(connection, older)] == [
            "BOOKING_ACCEPTED",
            "BOOKING_HELD",
        ]
        # Such a database cannot be distributed.
        assert connection.execute(_HAS_OTHER_IDS).scalar_one()


def test_it_is_acted_on(older: UUID) -> None:
    show_id = read(older).show_id
    assert extend(older).booking.id == older
    assert confirm(older).is_waiting
    settle(show_id)
    assert tell(older) == "CONFIRMED"
    cancel(older)
    settle(show_id)
    assert tell(older) == "CANCELLED"


def test_it_has_a_ticket_of_its_shows_slot(older: UUID) -> None:
    show_id = read(older).show_id
    confirm(older)
    settle(show_id)
    ticket = parse_code(read(older).ticket_code or "")
    assert ticket is not None
    assert ticket.slot == to_slot(show_id) != read_slot(older)
    with primary() as connection:
        assert service.find_ticket(connection, ticket).id == older


def test_its_key_gives_it_again(older: UUID) -> None:
    assert book(read(older).show_id, "1", hold=True, key=KEY) == older


def test_it_is_archived(older: UUID) -> None:
    show_id = read(older).show_id
    cancel(older)
    settle(show_id)
    run("UPDATE shows SET start_time = now() - interval '100 days'")
    run("UPDATE bookings SET updated_at = now() - interval '100 days'")
    run("UPDATE events SET position = 1 - 2 * seq")
    run("UPDATE event_cursors SET position = 1")
    assert housekeeping.archive_bookings() == 1
    assert tell(older) == "CANCELLED"
    with primary() as connection:
        assert len(history.explain_booking(connection, older)) == 4
