"""What settling failed at is tried again, alone, later each time; what is a try; and a confirm is kept."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from core.errors import UnavailableError
from core.infra.db import primary, transaction
from core.seats.queries import lock_version
from core.settling import batch as settling
from core.settling import worker
from core.settling.quarantine import TRIES
from core.settling.queries import select_recovery_stats
from core.shows.service import Show
from tests.acting import (
    ask,
    book,
    cancel,
    confirm,
    end_hold,
    hold,
    lock,
    read,
    read_events,
    read_seats,
    run,
    settle_in_turns,
    tell,
    tell_all,
)
from tests.invariants import check_settled

MakeShow = Callable[..., Show]


def confirm_in_vain(show_id: int, poison: Callable[..., None], *, tries: int) -> UUID:
    """A confirm of seat 1 that the database refuses to settle, until so many tries."""
    booking_id = hold(show_id, "1", customer="poison")
    confirm(booking_id)
    poison(tries=tries)
    return booking_id


def test_confirm_is_not_given_up(
    make_show: MakeShow, poison: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    """It keeps its seats, past its end as well, holds nobody up, is told of, and settled once that can be."""
    show = make_show()
    poisoned = confirm_in_vain(show.id, poison, tries=6)
    end_hold(poisoned, in_seconds=-60)
    others = []
    for number in range(2, 8):
        others.append(book(show.id, str(number)))
        settle_in_turns(show.id, times=1)
        assert read(poisoned).wants == "confirm"
    assert (tell(poisoned), read_seats(show.id)["1"]) == ("held", "held")
    assert tell_all(others) == ["CONFIRMED"] * 6
    with primary() as connection:
        assert select_recovery_stats(connection, tries=TRIES).stuck_confirms == 1
    assert "confirm tried again, and not given up" in {record.message for record in caplog.records}
    settle_in_turns(show.id, times=1)
    assert (tell(poisoned), read_events(poisoned)) == ("CONFIRMED", ["HELD", "CONFIRMED"])
    check_settled()


def test_what_failed_waits_longer_each_time_and_alone(
    make_show: MakeShow, poison: Callable[..., None]
) -> None:
    show = make_show()
    confirm_in_vain(show.id, poison, tries=100)
    for pause in (1, 2, 4, 8, 16, 30, 30):
        ((before,),) = ask("SELECT clock_timestamp()")
        settle_in_turns(show.id, times=1)
        ((retry_at, after),) = ask("SELECT retry_at, clock_timestamp() FROM bookings WHERE tries > 0")
        assert before <= retry_at - timedelta(seconds=pause) <= after
        # Not due: nobody comes back for it, and no batch takes it along.
        run("UPDATE bookings SET retry_at = retry_at + interval '1 hour'")
        worker.settle_show(show.id)
    assert ask("SELECT tries FROM bookings") == [(7,)]


def test_what_is_asked_of_a_stuck_confirm_is_done_at_once(
    make_show: MakeShow, poison: Callable[..., None]
) -> None:
    show = make_show()
    poisoned = confirm_in_vain(show.id, poison, tries=100)
    settle_in_turns(show.id, times=5)
    run("DROP FUNCTION refuse_poison CASCADE")
    cancel(poisoned)
    worker.settle_show(show.id)
    assert (tell(poisoned), read_events(poisoned)) == ("CANCELLED", ["HELD", "CANCELLED"])


# The database tells of every count, also of one that was taken back at once.
NOTE_COUNTS = """
    CREATE TABLE counted (id uuid);
    CREATE FUNCTION note_count() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN INSERT INTO counted VALUES (NEW.id); RETURN NULL; END $$;
    CREATE TRIGGER note_count AFTER UPDATE ON bookings FOR EACH ROW WHEN (NEW.tries > OLD.tries)
    EXECUTE FUNCTION note_count();
"""


@pytest.fixture
def counted(database: dict[str, str]) -> Iterator[Callable[[], list[Any]]]:
    """The bookings of which a try was counted, in order."""
    run(NOTE_COUNTS)
    yield lambda: [row.id for row in ask("SELECT id FROM counted")]
    run("DROP FUNCTION note_count CASCADE; DROP TABLE counted")


def test_who_loses_the_race_for_the_show_has_tried_nothing(
    make_show: MakeShow, counted: Callable[[], list[Any]]
) -> None:
    """Not even for a moment, in which others could see it: a confirm was given up for that."""
    show = make_show()
    held = [hold(show.id, str(number)) for number in range(1, 6)]
    for booking_id in held:
        confirm(booking_id)
    with transaction() as connection:
        lock_version(connection, show.id)
        for _ in range(TRIES + 2):
            worker.settle_show(show.id, is_again=True)
        assert counted() == []
    worker.settle_show(show.id, is_again=True)
    assert (tell_all(held), counted()) == (["CONFIRMED"] * 5, held)


def test_booking_that_a_request_has_at_the_moment_was_not_tried(
    make_show: MakeShow, monkeypatch: pytest.MonkeyPatch
) -> None:
    show, take_back = make_show(), worker._take_back_try
    booking_id = book(show.id, "1")
    with ExitStack() as request:
        connection = request.enter_context(transaction())

        def settle_beside_it(*arguments: Any, **options: Any) -> Any:
            lock(connection, booking_id)
            return settling.settle_batch(*arguments, **options)

        def end_it_first(show_id: int, booking_id: UUID) -> None:
            request.close()
            take_back(show_id, booking_id)

        monkeypatch.setattr(worker, "settle_batch", settle_beside_it)
        monkeypatch.setattr(worker, "_take_back_try", end_it_first)
        worker._settle_one_by_one(show.id)
    assert ask("SELECT tries, retry_at, wants FROM bookings") == [(0, None, "acquire")]


@pytest.mark.parametrize("sqlstate", ["08006", "40001"])
def test_outage_is_no_try(make_show: MakeShow, poison: Callable[..., None], sqlstate: str) -> None:
    show = make_show()
    booking_id = book(show.id, "1", customer="poison")
    poison(tries=100, sqlstate=sqlstate)
    for _ in range(TRIES + 1):
        with suppress(UnavailableError):
            worker._settle_one_by_one(show.id)
    assert ask("SELECT tries, retry_at, wants FROM bookings") == [(0, None, "acquire")]
    run("DROP FUNCTION refuse_poison CASCADE")
    worker.settle_show(show.id)
    assert tell(booking_id) == "CONFIRMED"


def test_statement_that_takes_too_long_is_a_try(make_show: MakeShow, poison: Callable[..., None]) -> None:
    """Nor does it keep the rest of its show from being settled."""
    show = make_show()
    slow, other = book(show.id, "1", customer="poison"), book(show.id, "2")
    poison(sqlstate="57014")
    settle_in_turns(show.id)
    assert tell_all([slow, other]) == ["timed_out", "CONFIRMED"]


def test_confirm_that_was_tried_for_days_is_settled_once_it_can_be(make_show: MakeShow) -> None:
    show = make_show()
    booking_id = hold(show.id, "1")
    confirm(booking_id)
    run("UPDATE bookings SET tries = 20000, retry_at = clock_timestamp()")
    worker.settle_show(show.id)
    assert tell(booking_id) == "CONFIRMED"


@pytest.mark.parametrize(
    "left", ["tries = 0, retry_at = clock_timestamp() + interval '1 hour'", "tries = 2, retry_at = NULL"]
)
@pytest.mark.parametrize("act", [confirm, cancel, end_hold])
def test_what_the_version_before_left_behind_is_settled(
    make_show: MakeShow, act: Callable[..., object], left: str
) -> None:
    """It knows of tries, and nothing of when the next one is due."""
    show = make_show()
    booking_id = hold(show.id, "1")
    act(booking_id)
    run(f"UPDATE bookings SET {left}")
    worker.settle_show(show.id)
    outcome = {confirm: "CONFIRMED", cancel: "CANCELLED", end_hold: "hold_expired"}[act]
    assert tell(booking_id) == outcome
    assert not any(worker._find_work(show.id))


def test_counting_a_try_waits_for_no_request(make_show: MakeShow) -> None:
    """The show is locked meanwhile: whatever else waits in it would wait as well."""
    show = make_show()
    booking_id, other = book(show.id, "1"), book(show.id, "2")
    with transaction() as request:
        lock(request, booking_id)
        # A wait would be in vain, and an outage.
        worker._settle_one_by_one(show.id)
    assert (tell(booking_id), tell(other)) == ("PENDING", "CONFIRMED")
    assert ask("SELECT tries FROM bookings WHERE wants IS NOT NULL") == [(0,)]
