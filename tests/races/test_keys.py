"""Races with idempotency keys: however many requests, one booking."""

from collections.abc import Callable, Sequence
from functools import partial

from core.bookings.accepting import Accepted, prepare
from core.bookings.acting import Acted
from core.bookings.errors import AlreadySettledError, IdempotencyKeyReusedError
from core.bookings.idempotency import Key
from core.bookings.requests import NewBooking
from core.errors import SeatlineError
from core.shows.service import Show
from tests.acting import accept, accept_batch, accept_booking, ask, confirm, extend, hold, settle_all, tell
from tests.invariants import check_settled
from tests.races.racing import race, settlers

MakeShow = Callable[..., Show]


def test_same_key_from_50_threads(make_show: MakeShow) -> None:
    show = make_show()
    key = Key("anonymous", "key", "fingerprint")
    new = NewBooking(show_id=show.id, seats=("1",))
    with settlers(show.id):
        answers = race([partial(accept_booking, new, key) for _ in range(50)])
    accepted = [answer for answer in answers if isinstance(answer, Accepted)]
    assert len(accepted) == 50
    assert len({answer.bookings[0].id for answer in accepted}) == 1
    assert [answer.is_replay for answer in accepted].count(False) == 1
    assert ask("SELECT count(*) FROM bookings")[0][0] == 1
    check_settled()


def test_same_key_for_different_requests(make_show: MakeShow) -> None:
    show = make_show()
    runs = [
        partial(accept_booking, NewBooking(show_id=show.id, seats=(seat,)), Key("anonymous", "key", seat))
        for seat in ("1", "2") * 10
    ]
    answers = race(runs)
    assert ask("SELECT count(*) FROM bookings")[0][0] == 1
    refused = [answer for answer in answers if isinstance(answer, IdempotencyKeyReusedError)]
    assert len(refused) == 10


def test_same_key_for_batches(make_show: MakeShow) -> None:
    show = make_show()
    news = [NewBooking(show_id=show.id, seats=(str(n),)) for n in range(1, 6)]
    answers = race([partial(accept_batch, news, Key("anonymous", "key", "same"))] * 20)
    ids = {tuple(b.id for b in answer.bookings) for answer in answers if isinstance(answer, Accepted)}
    assert len(ids) == 1
    assert ask("SELECT count(*) FROM bookings")[0][0] == 5
    settle_all(show.id)
    check_settled()


def test_same_key_for_a_confirm(make_show: MakeShow) -> None:
    show = make_show()
    booking_id = hold(show.id, "1")
    with settlers(show.id):
        answers = race([partial(confirm, booking_id, Key("anonymous", "key", "confirm"))] * 20)
    acted = [answer for answer in answers if isinstance(answer, Acted)]
    assert [answer.is_replay for answer in acted].count(False) == 1
    assert len(acted) == 20
    requests = ask("SELECT jsonb_array_length(requests) FROM bookings")[0][0]
    assert (tell(booking_id), requests) == ("CONFIRMED", 1)
    check_settled()


def test_same_keys_of_many_in_any_order(make_show: MakeShow) -> None:
    """Whoever came second waits for who came first, and never each for the other."""
    show = make_show(total_seats=40)

    def accept_all(order: Sequence[int]) -> list[Accepted | SeatlineError]:
        news = [NewBooking(show_id=show.id, seats=(str(n),)) for n in order]
        return accept([prepare(n, Key("anonymous", f"key-{n.seats[0]}", "same")) for n in news])

    answers = race([partial(accept_all, order) for order in (range(1, 41), range(40, 0, -1)) * 5])
    accepted = [outcome for answer in answers if isinstance(answer, list) for outcome in answer]
    assert {type(outcome) for outcome in accepted} == {Accepted}
    assert [outcome.is_replay for outcome in accepted if isinstance(outcome, Accepted)].count(False) == 40
    assert ask("SELECT count(*), count(DISTINCT seats) FROM bookings") == [(40, 40)]


def test_same_key_for_actions_on_several_bookings_and_for_a_new_one(make_show: MakeShow) -> None:
    """An action has its booking when it asks for the key, and a request for seats has nothing: no circle."""
    show = make_show(total_seats=40)
    held = [hold(show.id, str(n)) for n in range(1, 11)]
    new = NewBooking(show_id=show.id, seats=("40",))
    runs: list[Callable[[], object]] = []
    for booking_id in held:
        runs += [
            partial(act, booking_id, Key("anonymous", "key", str(booking_id))) for act in (extend, confirm)
        ]
        runs.append(partial(accept_booking, new, Key("anonymous", "key", "new")))
    with settlers(show.id):
        answers = race(runs)
    used = [answer for answer in answers if isinstance(answer, Acted | Accepted)]
    assert [answer.is_replay for answer in used].count(False) == 1
    # Of another request's key; or who had it first was refused, and left it to the others.
    refused = {type(answer) for answer in answers if not isinstance(answer, Acted | Accepted)}
    assert IdempotencyKeyReusedError in refused
    assert refused <= {IdempotencyKeyReusedError, AlreadySettledError}
    check_settled()
