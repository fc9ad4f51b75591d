"""Actions while others change, lock or claim the same: none is lost, and nobody else waits."""

import asyncio
from collections.abc import Callable
from functools import partial
from uuid import uuid4

import pytest

from core.bookings import acting
from core.bookings.acting import LOCKED_SECONDS, Acted, insist
from core.bookings.errors import BookingLockedError, BookingNotFoundError
from core.bookings.requests import Asked
from core.bookings.rules import Action
from core.errors import InvalidRequestError, SeatlineError, UnavailableError
from core.infra.async_db import LoopConnection
from core.infra.db import transaction
from core.infra.jobs import nudge
from core.infra.prepared import Prepared
from core.shows.service import Show
from tests import acting as by_hand
from tests.acting import act, ask, book, hold, lock, read, run, run_on_loop, settle, tell
from tests.apart import enter
from tests.core.bookings.groups import confirm, describe, make_key
from tests.pausing import Pause, PausingConnection

pytestmark = pytest.mark.usefixtures("nothing_is_broken")
MakeShow = Callable[..., Show]
CONFIRM, EXTEND, CANCEL = Action
NOWHERE = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"}
NOTHING = Prepared("nothing", "SELECT cast(:nothing AS text)")


def act_behind(asked: Asked, change: Callable[[], object]) -> Acted | SeatlineError:
    """What came of it where the change was committed after the statement's snapshot, and before its lock."""

    async def play() -> list[Acted | SeatlineError]:
        acted = asyncio.create_task(acting.act(PausingConnection(pause), [asked], nudge=nudge))
        await asyncio.to_thread(pause.await_start)
        await asyncio.to_thread(change)
        pause.end()
        return await acted

    with Pause("FROM item CROSS JOIN") as pause:
        return asyncio.run(play())[0]


@pytest.mark.parametrize("action", Action)
def test_row_that_changed_before_its_lock_is_judged_by_its_new_version(
    make_show: MakeShow, action: Action
) -> None:
    """In the snapshot it has no seats yet: it is held, and so are they, when it is locked."""
    show = make_show()
    booking_id = book(show.id, "1", hold=True)
    outcome = act_behind(Asked(booking_id=booking_id, action=action), partial(settle, show.id))
    assert isinstance(outcome, Acted)
    assert (outcome.has_changed, outcome.booking) == (True, read(booking_id))
    assert outcome.booking.held_at
    seats = ask("SELECT hold_expires_at FROM seats WHERE booking_id = :id", id=booking_id)
    assert seats == [(outcome.booking.hold_expires_at,)]


def test_what_was_cancelled_before_its_lock_is_not_confirmed(make_show: MakeShow) -> None:
    show = make_show()
    booking_id = hold(show.id, "1")
    cancel = "UPDATE bookings SET wants = 'cancel' WHERE id = :id"
    outcome = act_behind(confirm(booking_id), partial(run, cancel, id=booking_id))
    assert describe(outcome) == "already_settled"


@pytest.mark.parametrize(
    ("fingerprint", "word"), [("mine", "PENDING again"), ("other", "idempotency_key_reused")]
)
def test_key_that_another_process_used_meanwhile(make_show: MakeShow, fingerprint: str, word: str) -> None:
    """Its claim is lost: nothing is done, and it is judged again."""
    show = make_show()
    booking_id = hold(show.id, "1")
    claim = (
        "INSERT INTO used_keys (principal, show_id, key, fingerprint, booking_ids)"
        " VALUES ('anonymous', :show_id, 'key', :fingerprint, ARRAY[cast(:id AS uuid)])"
    )
    change = partial(run, claim, show_id=show.id, fingerprint=fingerprint, id=booking_id)
    asked = confirm(booking_id, make_key("key", "mine"))
    assert describe(act_behind(asked, change)) == word
    assert tell(booking_id) == "held"


def test_locked_booking_is_told_from_one_that_is_not_there_and_holds_up_nobody(make_show: MakeShow) -> None:
    show = make_show()
    locked, free = hold(show.id, "1"), hold(show.id, "2")

    async def play() -> list[Acted | SeatlineError]:
        connection = LoopConnection()
        # Whoever waited for a lock would wait for longer than there is for an answer.
        await connection.execute(
            "SET lock_timeout = '1min'; SELECT", (), first=[NOTHING], parameters={"nothing": ""}
        )
        return await acting.act(connection, [confirm(locked), confirm(free), confirm(uuid4())], nudge=nudge)

    with transaction() as holder:
        lock(holder, locked)
        outcomes = asyncio.run(play())
    assert [type(outcome) for outcome in outcomes] == [BookingLockedError, Acted, BookingNotFoundError]


def test_whoever_insists_has_the_booking_once_it_is_free(make_show: MakeShow) -> None:
    booking_id = hold(make_show().id, "1")
    asked_times = 0

    async def play(connection: LoopConnection) -> Acted:
        async def ask_for(asked: Asked) -> Acted:
            nonlocal asked_times
            asked_times += 1
            if asked_times == 3:
                holder.rollback()
            return by_hand.unwrap(await acting.act(connection, [asked], nudge=nudge))

        return await insist(ask_for, confirm(booking_id))

    with transaction() as holder:
        lock(holder, booking_id)
        assert run_on_loop(play).has_changed
    assert asked_times == 3


def test_whoever_insists_in_vain_is_told_so_in_time(make_show: MakeShow) -> None:
    booking_id = hold(make_show().id, "1")
    now, asked_times = 0.0, 0

    async def play(connection: LoopConnection) -> Acted:
        async def ask_for(asked: Asked) -> Acted:
            nonlocal now, asked_times
            now, asked_times = now + LOCKED_SECONDS / 4, asked_times + 1
            return by_hand.unwrap(await acting.act(connection, [asked], nudge=nudge))

        return await insist(ask_for, confirm(booking_id), clock=lambda: now)

    with transaction() as holder:
        lock(holder, booking_id)
        with pytest.raises(UnavailableError) as refusal:
            run_on_loop(play)
    assert type(refusal.value) is UnavailableError
    assert asked_times == 5


def test_what_the_database_refuses_of_one_it_refuses_of_no_other(make_show: MakeShow) -> None:
    """A key that no index takes: one of forty, found by halves."""
    show = make_show(total_seats=40)
    ids = [hold(show.id, str(n)) for n in range(1, 41)]
    too_long = make_key("".join(f"{n:x}" for n in range(10_000)), "f")
    outcomes = act(*(confirm(id_, too_long if n == 5 else None) for n, id_ in enumerate(ids)))
    assert [n for n, outcome in enumerate(outcomes) if not isinstance(outcome, Acted)] == [5]
    assert type(outcomes[5]) is InvalidRequestError
    assert len(ask("SELECT DISTINCT xmin::text FROM bookings WHERE wants = 'confirm'")) <= 6


def test_where_nobody_knows_all_are_told_so(make_show: MakeShow) -> None:
    booking_id = hold(make_show().id, "1")
    with enter(NOWHERE):
        outcomes = act(confirm(booking_id), confirm(booking_id))
    assert [type(outcome) for outcome in outcomes] == [UnavailableError] * 2
