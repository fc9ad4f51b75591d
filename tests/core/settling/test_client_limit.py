"""What one client without a credential holds of a show: never more than the show allows, in any order."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from core.infra.brief import BriefTransaction
from core.infra.prepared import Prepared
from core.shows.service import Show
from tests.acting import (
    accept,
    book,
    cancel,
    confirm,
    end_hold,
    extend,
    hold,
    make_ready,
    run,
    settle,
    settle_all,
    settle_by,
    tell,
    tell_all,
)

pytestmark = pytest.mark.usefixtures("nothing_is_broken")
MakeShow = Callable[..., Show]
ANN, BOB = "ann's address", "bob's address"


def test_it_is_exact_over_batches_and_clients_do_not_share_it(make_show: MakeShow) -> None:
    show = make_show(max_seats_per_booking=3, max_held_seats_per_client=3)
    first = hold(show.id, "1", "2", client=ANN)
    over, fits, full = (
        book(show.id, *seats, hold=True, client=ANN) for seats in (("3", "4"), ("5",), ("6",))
    )
    another = book(show.id, "6", "7", "8", hold=True, client=BOB)
    settle(show.id)
    words = tell_all([first, over, fits, full, another])
    assert words == ["held", "client_limit", "held", "client_limit", "held"]


def test_what_is_no_hold_is_neither_counted_nor_refused(make_show: MakeShow) -> None:
    show = make_show(max_held_seats_per_client=2, max_seats_per_booking=2)
    sold = book(show.id, "1", "2", client=ANN)
    held = book(show.id, "3", "4", hold=True, client=ANN)
    more = book(show.id, "5", "6", client=ANN)
    settle(show.id)
    assert tell_all([sold, held, more]) == ["CONFIRMED", "held", "CONFIRMED"]


def test_a_credential_has_no_such_limit_nor_has_a_show_without_one(make_show: MakeShow) -> None:
    limited, open_to_all = make_show(max_held_seats_per_client=1, max_seats_per_booking=1), make_show()
    for show, client in ((limited, None), (open_to_all, ANN)):
        ids = [book(show.id, str(number), hold=True, client=client) for number in range(1, 11)]
        settle(show.id)
        assert tell_all(ids) == ["held"] * 10


def test_each_show_counts_its_own(make_show: MakeShow) -> None:
    shows = [make_show(max_held_seats_per_client=1, max_seats_per_booking=1) for _ in range(2)]
    assert tell_all(hold(show.id, "1", client=ANN) for show in shows) == ["held"] * 2


@pytest.mark.parametrize("end", [cancel, confirm, end_hold])
def test_what_it_holds_no_more_is_its_own_again_in_the_same_batch(
    make_show: MakeShow, end: Callable[..., object]
) -> None:
    show = make_show(max_held_seats_per_client=3, max_seats_per_booking=3)
    one, two = hold(show.id, "1", "2", client=ANN), hold(show.id, "3", client=ANN)
    # Asked for before the other ends, and settled in the batch that ends it.
    takes = book(show.id, "4", "5", hold=True, client=ANN)
    over = book(show.id, "6", hold=True, client=ANN)
    end(one)
    settle(show.id)
    assert tell_all([two, takes, over]) == ["held", "held", "client_limit"]


def test_taking_up_again_what_ran_out_is_no_way_round_it(make_show: MakeShow) -> None:
    show = make_show(max_held_seats_per_client=2, max_seats_per_booking=2)
    for _ in range(3):
        held = hold(show.id, "1", "2", client=ANN)
        again = [book(show.id, "1", "2", hold=True, client=ANN) for _ in range(3)]
        rival = book(show.id, "3", hold=True, client=BOB)
        end_hold(held)
        settle(show.id)
        assert tell_all([*again, rival]) == ["held", "client_limit", "client_limit", "held"]
        for booking_id in (again[0], rival):
            cancel(booking_id)
        settle(show.id)


def test_extending_changes_no_count(make_show: MakeShow) -> None:
    show = make_show(max_held_seats_per_client=2, max_seats_per_booking=2)
    held = hold(show.id, "1", client=ANN)
    extend(held)
    fits, over = (book(show.id, seat, hold=True, client=ANN) for seat in "23")
    settle(show.id)
    assert tell_all([held, fits, over]) == ["held", "held", "client_limit"]


def test_a_quantity_counts_before_its_seats_are_chosen(make_show: MakeShow) -> None:
    show = make_show(max_held_seats_per_client=3, max_seats_per_booking=3)
    ids = [book(show.id, quantity=n, hold=True, client=ANN) for n in (2, 2, 1)]
    settle(show.id)
    assert tell_all(ids) == ["held", "client_limit", "held"]
    cancel(ids[0])
    again = book(show.id, quantity=2, hold=True, client=ANN)
    settle(show.id)
    assert tell(again) == "held"


def test_the_customers_limit_stands_beside_it(make_show: MakeShow) -> None:
    show = make_show(max_held_seats_per_client=3, max_seats_per_booking=3, max_seats_per_customer=2)
    ids = [
        book(show.id, *seats, hold=True, customer=customer, client=ANN)
        for seats, customer in (("12", "x"), ("3", "x"), ("4", "y"), ("5", "y"))
    ]
    settle(show.id)
    assert tell_all(ids) == ["held", "customer_limit", "held", "client_limit"]


def test_below_what_is_held_already_nothing_more_is_given(make_show: MakeShow) -> None:
    show = make_show(max_held_seats_per_client=4, max_seats_per_booking=2)
    held = [hold(show.id, seat, client=ANN) for seat in "1234"]
    run("UPDATE shows SET max_held_seats_per_client = 2")
    cancel(held[0])
    over = book(show.id, "5", hold=True, client=ANN)
    settle(show.id)
    assert tell_all([*held[1:], over]) == ["held"] * 3 + ["client_limit"]
    run("UPDATE shows SET max_held_seats_per_client = 4")


@pytest.mark.parametrize(
    ("most", "options", "expected"),
    [
        (None, {"hold": True, "client": ANN}, 0),
        (5, {"hold": True}, 0),
        (5, {"client": ANN}, 0),
        (5, {"hold": True, "client": ANN}, 1),
    ],
)
def test_it_costs_one_statement_a_batch_and_none_where_nobody_comes_under_it(
    make_show: MakeShow, most: int | None, options: dict[str, Any], expected: int
) -> None:
    show = make_show(max_held_seats_per_client=most, max_seats_per_booking=1)
    accept([make_ready(show.id, str(number), **options) for number in range(1, 11)])

    names = []

    class Noting(BriefTransaction):
        def fetch_all(self, statement: Prepared, parameters: Mapping[str, Any]) -> Any:
            names.append(statement.name)
            return super().fetch_all(statement, parameters)

    settle_by(Noting, show.id)
    assert names.count("select_held_by_clients") == expected


def test_a_backlog_of_one_client_leaves_the_seats_to_the_others(make_show: MakeShow) -> None:
    show = make_show(max_held_seats_per_client=3, max_seats_per_booking=1, total_seats=1000)
    accept([make_ready(show.id, str(n), hold=True, client=ANN) for n in range(1, 1001)])
    rivals = [book(show.id, str(n), hold=True, client=f"rival {n}") for n in range(4, 14)]
    # Nothing of it waits for another batch.
    assert len(settle_all(show.id)) == 1
    assert tell_all(rivals) == ["held"] * 10
