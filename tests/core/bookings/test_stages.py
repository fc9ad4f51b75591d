"""Each action at each stage of a booking, as the table has it, against the real one."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest

from core.bookings.acting import Acted
from core.bookings.acting_queries import choose_query
from core.bookings.requests import Asked
from core.bookings.rules import Action, Answer, Stage, judge_action
from core.bookings.states import FailureCode
from core.errors import SeatlineError
from core.shows.service import Show
from tests import acting as by_hand
from tests.acting import act, ask, book, end_hold, hold, read, run, run_on_loop, settle
from tests.core.bookings.groups import confirm, describe, make_key
from tests.core.payments.paying import list_all as list_payments
from tests.core.payments.paying import offer, succeed

pytestmark = pytest.mark.usefixtures("nothing_is_broken")
MakeShow = Callable[..., Show]
CONFIRM, EXTEND, CANCEL = Action


def bring_to(stage: Stage, show_id: int) -> UUID:
    """A booking at this stage, by the ways that lead there."""
    if stage in (Stage.ACQUIRING, Stage.CONFIRMED, Stage.KEPT, Stage.CANCELLED, Stage.FAILED, Stage.ARCHIVED):
        booking_id = book(show_id, "1", hold=stage is Stage.ACQUIRING)
        if stage is not Stage.ACQUIRING:
            settle(show_id)
    else:
        booking_id = hold(show_id, "1")
    changes: dict[Stage, Callable[[], object]] = {
        Stage.UNPAID: partial(run, "UPDATE shows SET payment_required = true"),
        Stage.CALLED_OFF: partial(run, "UPDATE shows SET cancelled_at = clock_timestamp()"),
        Stage.OVERDUE: partial(end_hold, booking_id, in_seconds=0),
        Stage.CONFIRMING: partial(by_hand.confirm, booking_id),
        Stage.KEPT: partial(run, "UPDATE shows SET cancel_until = clock_timestamp()"),
        Stage.CANCELLING: partial(by_hand.cancel, booking_id),
        Stage.CANCELLED: partial(by_hand.cancel, booking_id),
        Stage.EXPIRED: partial(end_hold, booking_id),
        Stage.PAID_LATE: partial(offer_until_it_is_late, booking_id),
        Stage.ARCHIVED: partial(archive, booking_id),
    }
    if stage in changes:
        changes[stage]()
    if stage in (Stage.CANCELLED, Stage.EXPIRED, Stage.PAID_LATE):
        settle(show_id)
    if stage is Stage.PAID_LATE:
        succeed(list_payments(booking_id)[0])
    if stage is Stage.FAILED:
        booking_id = book(show_id, "1")
        settle(show_id)
    return booking_id


def offer_until_it_is_late(booking_id: UUID) -> None:
    """Let the hold end while its buyer pays."""
    run("UPDATE shows SET payment_required = true")
    offer(booking_id)
    end_hold(booking_id)


def archive(booking_id: UUID) -> None:
    run(
        "INSERT INTO archived_bookings (id, booking, events)"
        " SELECT id, to_jsonb(b), '[]' FROM bookings b WHERE id = :id",
        id=booking_id,
    )
    run("UPDATE seats SET status = 'available', booking_id = NULL WHERE booking_id = :id", id=booking_id)
    run("UPDATE show_versions SET available = total, booked = 0")
    run("DELETE FROM events")
    run("DELETE FROM bookings")


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("stage", [stage for stage in Stage if stage is not Stage.LOCKED])
def test_each_action_at_each_stage(make_show: MakeShow, stage: Stage, action: Action) -> None:
    """As the table has it: done and written down, done or waiting already, or refused and nothing written."""
    booking_id = bring_to(stage, make_show().id)
    before = read(booking_id)
    requests = ask("SELECT coalesce(requests, '[]') FROM bookings")
    (outcome,) = act(Asked(booking_id=booking_id, action=action, key=make_key("key", "same")))
    answer, after = judge_action(stage, action), read(booking_id)
    if isinstance(answer, SeatlineError):
        assert (type(outcome), str(outcome)) == (type(answer), str(answer))
    else:
        assert isinstance(outcome, Acted)
        assert (outcome.booking, outcome.is_replay) == (after, False)
        assert outcome.has_changed == (answer is Answer.DO)
        assert outcome.is_waiting == (answer is not Answer.DONE and action is not EXTEND)
    assert ask("SELECT count(*)::int FROM used_keys") == [(int(isinstance(answer, Answer)),)]
    if answer is not Answer.DO:
        assert after == before
        assert ask("SELECT coalesce(requests, '[]') FROM bookings") == requests
        return
    assert after.updated_at > before.updated_at
    ((written,),) = ask("SELECT requests->-1 FROM bookings")
    assert (written["request"], written["at"]) == (action, f"{after.updated_at:%Y-%m-%dT%H:%M:%S.%f}Z")
    if action is EXTEND:
        assert before.hold_expires_at
        assert after.hold_expires_at == before.hold_expires_at + timedelta(seconds=120)
        assert written["hold_expires_at"] == f"{after.hold_expires_at:%Y-%m-%dT%H:%M:%S.%f}Z"
        assert after.wants is None
    else:
        assert (after.wants, after.hold_expires_at) == (action, before.hold_expires_at)


@pytest.mark.parametrize("code", FailureCode)
def test_every_failure_has_a_stage(make_show: MakeShow, code: FailureCode) -> None:
    booking_id = bring_to(Stage.FAILED, make_show().id)
    run("UPDATE bookings SET failure_code = :code WHERE id = :id", code=code, id=booking_id)
    asked = [confirm(booking_id)]
    (found,) = run_on_loop(lambda connection: choose_query(asked).run_on_loop(connection, asked))
    assert found.stage == (Stage.EXPIRED if code is FailureCode.HOLD_EXPIRED else Stage.FAILED)


def test_whoever_may_cancels_at_any_time(make_show: MakeShow) -> None:
    booking_id = bring_to(Stage.KEPT, make_show().id)
    cancel = partial(Asked, booking_id=booking_id, action=CANCEL)
    assert [describe(o) for o in act(cancel(), cancel(at_any_time=True))] == [
        "not_cancellable",
        "cancel changed",
    ]


def test_without_cancel_until_it_is_the_start(make_show: MakeShow) -> None:
    booking_id = bring_to(Stage.CONFIRMED, make_show().id)
    run("UPDATE shows SET start_time = clock_timestamp()")
    assert describe(act(Asked(booking_id=booking_id, action=CANCEL))[0]) == "not_cancellable"


@pytest.mark.parametrize(("price", "stage"), [(0, Stage.HELD), (1, Stage.UNPAID)])
def test_what_costs_nothing_need_not_be_paid(make_show: MakeShow, price: int, stage: Stage) -> None:
    asked = [confirm(hold(make_show(payment_required=True, price=price).id, "1"))]
    (found,) = run_on_loop(lambda connection: choose_query(asked).run_on_loop(connection, asked))
    assert found.stage == stage
    refused = isinstance(judge_action(stage, CONFIRM), SeatlineError)
    assert (describe(act(*asked)[0]) == "payment_required") == refused == (price > 0)
