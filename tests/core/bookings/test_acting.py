"""Confirm, extend and cancel in one statement: each of a group is answered by itself, and done once."""

from collections.abc import Callable
from uuid import uuid4

import pytest

from core.bookings.requests import Asked
from core.bookings.rules import LONGEST_HOLD, Action
from core.shows.service import Show
from tests import acting as by_hand
from tests.acting import act, ask, book, hold, read, run, tell
from tests.core.bookings.groups import confirm, describe, make_key

pytestmark = pytest.mark.usefixtures("nothing_is_broken")
MakeShow = Callable[..., Show]
CONFIRM, EXTEND, CANCEL = Action


def test_each_of_many_is_answered_by_itself(make_show: MakeShow) -> None:
    show, other = make_show(), make_show()
    first, second, third = hold(show.id, "1"), hold(show.id, "2"), hold(other.id, "1")
    waiting, nobody = book(show.id, "3", hold=True), uuid4()
    outcomes = act(
        confirm(first),
        Asked(booking_id=second, action=EXTEND),
        Asked(booking_id=third, action=CANCEL),
        confirm(waiting),
        confirm(nobody),
    )
    assert [describe(outcome) for outcome in outcomes] == [
        "confirm changed",
        "PENDING changed",
        "cancel changed",
        "not_held",
        "booking_not_found",
    ]
    assert str(nobody) in str(outcomes[4])
    assert [
        row.xmin for row in ask("SELECT DISTINCT xmin::text FROM bookings WHERE requests IS NOT NULL")
    ] != []


def test_what_goes_together_is_one_commit(make_show: MakeShow) -> None:
    show = make_show()
    ids = [hold(show.id, str(n)) for n in range(1, 9)]
    act(*(confirm(booking_id) for booking_id in ids))
    assert len(ask("SELECT DISTINCT xmin::text FROM bookings")) == 1


def test_a_booking_twice_is_done_once(make_show: MakeShow) -> None:
    booking_id = hold(make_show().id, "1")
    outcomes = act(*[confirm(booking_id)] * 20)
    assert [describe(outcome) for outcome in outcomes] == ["confirm changed"] + ["confirm"] * 19
    assert ask("SELECT jsonb_array_length(requests) FROM bookings") == [(1,)]


def test_confirm_beside_cancel(make_show: MakeShow) -> None:
    """In the order in which they came: each is judged by what the one before has left."""
    show = make_show()
    first, second = hold(show.id, "1"), hold(show.id, "2")
    cancel = [Asked(booking_id=booking_id, action=CANCEL) for booking_id in (first, second)]
    outcomes = act(confirm(first), cancel[0], cancel[1], confirm(second))
    assert [describe(outcome) for outcome in outcomes] == [
        "confirm changed",
        "cancel changed",
        "cancel changed",
        "already_settled",
    ]


def test_extends_of_one_booking_add_up_to_the_cap(make_show: MakeShow) -> None:
    booking_id = hold(make_show(hold_seconds=300).id, "1", "2")
    held_at = read(booking_id).held_at
    outcomes = act(*[Asked(booking_id=booking_id, action=EXTEND)] * 5)
    assert [describe(outcome) for outcome in outcomes] == ["PENDING changed"] * 2 + ["PENDING"] * 3
    after = read(booking_id)
    assert held_at and after.hold_expires_at == held_at + LONGEST_HOLD
    assert ask("SELECT DISTINCT hold_expires_at FROM seats WHERE booking_id IS NOT NULL") == [
        (after.hold_expires_at,)
    ]


def test_hold_that_ends_after_the_cap_is_not_shortened(make_show: MakeShow) -> None:
    booking_id = hold(make_show(hold_seconds=900).id, "1")
    run("UPDATE bookings SET held_at = held_at - interval '10 minutes'")
    before = read(booking_id)
    assert describe(act(Asked(booking_id=booking_id, action=EXTEND))[0]) == "PENDING"
    assert read(booking_id) == before


def test_a_request_resets_the_tries(make_show: MakeShow) -> None:
    booking_id = hold(make_show().id, "1")
    run("UPDATE bookings SET tries = 2, retry_at = now()")
    act(confirm(booking_id))
    assert ask("SELECT tries, retry_at FROM bookings") == [(0, None)]


def test_one_key_in_a_group_is_used_once(make_show: MakeShow) -> None:
    """For the same request it replays; for others of the group, and later, it was used."""
    show = make_show()
    first, second = hold(show.id, "1"), hold(show.id, "2")
    key, other = make_key("key", "first"), make_key("key", "second")
    outcomes = act(confirm(first, key), confirm(second, other), confirm(first, key))
    assert [describe(outcome) for outcome in outcomes] == [
        "confirm changed",
        "idempotency_key_reused",
        "confirm again",
    ]
    assert describe(act(confirm(second, other))[0]) == "idempotency_key_reused"
    assert tell(second) == "held"


def test_the_same_key_for_what_is_done_already(make_show: MakeShow) -> None:
    booking_id = hold(make_show().id, "1")
    by_hand.confirm(booking_id)
    outcomes = act(*[confirm(booking_id, make_key("key", "same"))] * 3)
    assert [describe(outcome) for outcome in outcomes] == ["confirm", "confirm again", "confirm again"]


def test_key_of_another_show_is_another_key(make_show: MakeShow) -> None:
    ids = [hold(make_show().id, "1") for _ in range(2)]
    outcomes = act(*(confirm(booking_id, make_key("key", str(booking_id))) for booking_id in ids))
    assert [describe(outcome) for outcome in outcomes] == ["confirm changed"] * 2
