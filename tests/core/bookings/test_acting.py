"""Confirm, extend and cancel in one statement: each judged by the table, none in another's way."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest

from core.bookings import acting
from core.bookings.acting import Acted, insist
from core.bookings.acting_queries import ACT
from core.bookings.errors import BookingLockedError, BookingNotFoundError
from core.bookings.idempotency import Key
from core.bookings.requests import Asked
from core.bookings.rules import LONGEST_HOLD, Action, Answer, Stage, judge_action
from core.bookings.states import FailureCode
from core.errors import InvalidRequestError, SeatlineError, UnavailableError
from core.infra.async_db import LoopConnection
from core.infra.db import Prepared, transaction
from core.shows.service import Show
from tests import acting as by_hand
from tests.acting import act, ask, book, end_hold, hold, lock, read, run, run_on_loop, settle, tell
from tests.apart import enter
from tests.invariants import check_invariants
from tests.support import measured

MakeShow = Callable[..., Show]
CONFIRM, EXTEND, CANCEL = Action
NOWHERE = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"}


@pytest.fixture(autouse=True)
def _nothing_is_broken(database: dict[str, str]) -> Iterator[None]:
    yield
    check_invariants()


def confirm(booking_id: UUID, key: Key | None = None) -> Asked:
    return Asked(booking_id=booking_id, action=CONFIRM, key=key)


def make_key(key: str, fingerprint: str) -> Key:
    return Key("anonymous", key, fingerprint)


def describe(outcome: Acted | SeatlineError) -> str:
    """The refusal's code, or what the booking waits for, and whether this request changed it."""
    if isinstance(outcome, SeatlineError):
        return outcome.code
    words = [outcome.booking.wants or outcome.booking.status]
    words += ["changed"] * outcome.has_changed + ["again"] * outcome.is_replay
    return " ".join(words)


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
        Stage.ARCHIVED: partial(archive, booking_id),
    }
    if stage in changes:
        changes[stage]()
    if stage in (Stage.CANCELLED, Stage.EXPIRED):
        settle(show_id)
    if stage is Stage.FAILED:
        booking_id = book(show_id, "1")
        settle(show_id)
    return booking_id


def archive(booking_id: UUID) -> None:
    run(
        "INSERT INTO archived_bookings SELECT id, to_jsonb(b), '[]' FROM bookings b WHERE id = :id",
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
    (found,) = run_on_loop(lambda connection: ACT.run_on_loop(connection, [confirm(booking_id)]))
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
    booking_id = bring_to(Stage.CONFIRMING, make_show().id)
    outcomes = act(*[confirm(booking_id, make_key("key", "same"))] * 3)
    assert [describe(outcome) for outcome in outcomes] == ["confirm", "confirm again", "confirm again"]


def test_key_of_another_show_is_another_key(make_show: MakeShow) -> None:
    ids = [hold(make_show().id, "1") for _ in range(2)]
    outcomes = act(*(confirm(booking_id, make_key("key", str(booking_id))) for booking_id in ids))
    assert [describe(outcome) for outcome in outcomes] == ["confirm changed"] * 2


def slow_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the first statement pause between its snapshot and its locks."""
    statement, first = ACT.statement, "FROM item CROSS JOIN"
    slow = str(statement.text).replace(first, "FROM (SELECT pg_sleep(0.5)) AS pause, item CROSS JOIN")
    assert "pg_sleep" in slow
    statements = iter([Prepared("act_slowly", slow)])
    run_on_loop = ACT.run_on_loop

    def run(*arguments: Any) -> Any:
        monkeypatch.setattr(ACT, "statement", next(statements, statement))
        return run_on_loop(*arguments)

    monkeypatch.setattr(ACT, "run_on_loop", run)


def act_behind(asked: Asked, change: Callable[[], object]) -> Acted | SeatlineError:
    """What came of it where the change was committed after the statement's snapshot, and before its lock."""

    async def play(connection: LoopConnection) -> list[Acted | SeatlineError]:
        acted = asyncio.create_task(acting.act(connection, [asked]))
        while not await asyncio.to_thread(ask, "SELECT FROM pg_stat_activity WHERE wait_event = 'PgSleep'"):
            await asyncio.sleep(0.01)
        await asyncio.to_thread(change)
        return await acted

    return run_on_loop(play)[0]


@pytest.mark.parametrize("action", Action)
def test_row_that_changed_before_its_lock_is_judged_by_its_new_version(
    make_show: MakeShow, monkeypatch: pytest.MonkeyPatch, action: Action
) -> None:
    """In the snapshot it has no seats yet: it is held, and so are they, when it is locked."""
    show = make_show()
    booking_id = book(show.id, "1", hold=True)
    slow_down(monkeypatch)
    outcome = act_behind(Asked(booking_id=booking_id, action=action), partial(settle, show.id))
    assert isinstance(outcome, Acted)
    assert (outcome.has_changed, outcome.booking) == (True, read(booking_id))
    assert outcome.booking.held_at
    seats = ask("SELECT hold_expires_at FROM seats WHERE booking_id = :id", id=booking_id)
    assert seats == [(outcome.booking.hold_expires_at,)]


def test_what_was_cancelled_before_its_lock_is_not_confirmed(
    make_show: MakeShow, monkeypatch: pytest.MonkeyPatch
) -> None:
    show = make_show()
    booking_id = hold(show.id, "1")
    slow_down(monkeypatch)
    cancel = "UPDATE bookings SET wants = 'cancel' WHERE id = :id"
    outcome = act_behind(confirm(booking_id), partial(run, cancel, id=booking_id))
    assert describe(outcome) == "already_settled"


@pytest.mark.parametrize(
    ("fingerprint", "word"), [("mine", "PENDING again"), ("other", "idempotency_key_reused")]
)
def test_key_that_another_process_used_meanwhile(
    make_show: MakeShow, monkeypatch: pytest.MonkeyPatch, fingerprint: str, word: str
) -> None:
    """Its claim is lost: nothing is done, and it is judged again."""
    show = make_show()
    booking_id = hold(show.id, "1")
    claim = (
        "INSERT INTO used_keys (principal, show_id, key, fingerprint, booking_ids)"
        " VALUES ('anonymous', :show_id, 'key', :fingerprint, ARRAY[cast(:id AS uuid)])"
    )
    change = partial(run, claim, show_id=show.id, fingerprint=fingerprint, id=booking_id)
    slow_down(monkeypatch)
    asked = confirm(booking_id, make_key("key", "mine"))
    assert describe(act_behind(asked, change)) == word
    assert tell(booking_id) == "held"


def test_locked_booking_is_told_from_one_that_is_not_there_and_holds_up_nobody(make_show: MakeShow) -> None:
    show = make_show()
    locked, free = hold(show.id, "1"), hold(show.id, "2")
    act(confirm(uuid4()))
    with transaction() as holder:
        lock(holder, locked)
        with measured() as took:
            outcomes = act(confirm(locked), confirm(free), confirm(uuid4()))
    assert [type(outcome) for outcome in outcomes] == [BookingLockedError, Acted, BookingNotFoundError]
    # Less than the least that a lock is waited for.
    assert took[0] < 0.1


def test_whoever_insists_has_the_booking_once_it_is_free(make_show: MakeShow) -> None:
    booking_id = hold(make_show().id, "1")
    asked_times = 0

    async def play(connection: LoopConnection) -> Acted:
        async def ask_for(asked: Asked) -> Acted:
            nonlocal asked_times
            asked_times += 1
            if asked_times == 3:
                holder.rollback()
            return by_hand.unwrap(await acting.act(connection, [asked]))

        return await insist(ask_for, confirm(booking_id))

    with transaction() as holder:
        lock(holder, booking_id)
        assert run_on_loop(play).has_changed
    assert asked_times == 3


def test_whoever_insists_in_vain_is_told_so_in_time(
    make_show: MakeShow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acting, "LOCKED_SECONDS", 0.1)
    booking_id = hold(make_show().id, "1")
    with transaction() as holder:
        lock(holder, booking_id)
        with measured() as took, pytest.raises(UnavailableError) as refusal:
            by_hand.confirm(booking_id)
    assert type(refusal.value) is UnavailableError
    assert 0.1 <= took[0] < 1


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
