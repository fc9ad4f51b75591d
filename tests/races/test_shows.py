"""A show is called off in the middle of a rush: nothing is owned at the end, nothing is left waiting."""

import threading
from collections.abc import Callable
from functools import partial
from uuid import UUID

from core.infra.db import transaction
from core.shows.errors import ShowCancelledError
from core.shows.service import Show, cancel_show
from tests.acting import confirm, read_seats, tell_all
from tests.invariants import check_settled
from tests.races.racing import book, insist, race, settlers
from tests.support import HANGS_SECONDS

MakeShow = Callable[..., Show]


def test_cancelling_against_a_rush(make_show: MakeShow) -> None:
    show = make_show(total_seats=400)
    accepted: list[UUID] = []
    many, is_off = threading.Event(), threading.Event()

    def buy(first: int) -> None:
        for seat in range(first, 393, 8):
            accepted.append(book(show.id, str(seat), hold=seat % 3 == 0))
            if len(accepted) > 100:
                many.set()
        # However late it comes, it comes before somebody's last seat.
        assert is_off.wait(HANGS_SECONDS)
        accepted.append(book(show.id, str(392 + first)))

    def call_off() -> None:
        assert many.wait(HANGS_SECONDS)
        with transaction() as connection:
            cancel_show(connection, show.id)
        is_off.set()

    with settlers(show.id):
        *bought, _ = race([*(partial(buy, n) for n in range(1, 9)), partial(insist, call_off)])
    assert {type(outcome) for outcome in bought} == {ShowCancelledError}
    assert 100 < len(accepted) < 400
    assert set(tell_all(accepted)) == {"CANCELLED"}
    assert set(read_seats(show.id).values()) == {"available"}
    check_settled()


def test_cancelling_against_confirms(make_show: MakeShow) -> None:
    show = make_show(total_seats=80)
    with settlers(show.id):
        ids = race([partial(book, show.id, str(n), hold=True) for n in range(1, 81)])
    held = [i for i in ids if isinstance(i, UUID)]

    def call_off() -> None:
        with transaction() as connection:
            cancel_show(connection, show.id)

    with settlers(show.id):
        race([*(partial(confirm, i) for i in held[:40]), call_off, *(partial(confirm, i) for i in held[40:])])
    assert set(tell_all(held)) == {"CANCELLED"}
    check_settled()
