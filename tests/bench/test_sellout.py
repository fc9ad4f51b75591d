"""The sell-out: it sells a show out, checks what it did, and would notice a seat in wrong hands."""

from collections.abc import Callable

import pytest
from sqlalchemy import text

from bench.checks import find_faults
from bench.crowd import Outcome
from bench.sellout import main, sell_out
from bench.target import find_target
from core.infra.db import transaction
from core.shows.service import Show
from local.embedded import find_free_port

pytestmark = pytest.mark.processes

SWAP_OWNER = """
    UPDATE seats s SET booking_id = (
        SELECT o.booking_id FROM seats o WHERE o.show_id = :show AND o.booking_id <> s.booking_id LIMIT 1)
    WHERE s.show_id = :show AND s.seat_number = '1'
"""
FREE_A_SEAT = """
    UPDATE seats SET status = 'available', booking_id = NULL WHERE show_id = :show AND seat_number = '1'
"""
FAIL_A_SALE = """
    UPDATE bookings SET status = 'FAILED', failure_code = 'timed_out'
    WHERE id = (SELECT booking_id FROM seats WHERE show_id = :show AND seat_number = '1')
"""


def tamper(show: Show, statement: str) -> None:
    with transaction() as connection:
        assert connection.execute(text(statement), {"show": show.id}).rowcount == 1


def test_it_sells_out_and_its_checker_has_eyes(
    web: str, workers: None, make_show: Callable[..., Show]
) -> None:
    show = make_show(total_seats=60, hold_seconds=15)
    target = find_target(web)
    sale = sell_out(target, show.id, buyers=100, clients=16, seconds=60)
    assert find_faults(target, sale.crowd) == []
    outcomes = [buyer.outcome for buyer in sale.crowd.buyers]
    # Who cancels or lets a hold expire is chance; that some buy and others come too late is not.
    assert {Outcome.BOUGHT, Outcome.SOLD_OUT} <= set(outcomes)
    assert sale.requests > len(outcomes)

    tamper(show, SWAP_OWNER)
    faults = "\n".join(find_faults(target, sale.crowd))
    assert "1 seats whose booking is not CONFIRMED, or does not name them: 1" in faults
    assert "1 seats of CONFIRMED bookings that do not carry its id: 1" in faults

    tamper(show, FREE_A_SEAT)
    faults = "\n".join(find_faults(target, sale.crowd))
    assert "1 seats that are not booked, in the database: 1" in faults
    assert "1 counts of the show that differ from its seats" in faults


def test_its_checker_knows_what_each_buyer_was_told(
    web: str, workers: None, make_show: Callable[..., Show]
) -> None:
    show = make_show(total_seats=4, hold_seconds=15)
    target = find_target(web)
    sale = sell_out(target, show.id, buyers=12, clients=4, seconds=60)
    assert find_faults(target, sale.crowd) == []

    tamper(show, FAIL_A_SALE)
    assert any("(bought): the bookings are" in fault for fault in find_faults(target, sale.crowd))
    sale.crowd.buyers[0].booking_ids.clear()
    assert any("that nobody was told of" in fault for fault in find_faults(target, sale.crowd))


def test_too_few_buyers_leave_seats_and_that_is_a_fault(
    web: str, workers: None, make_show: Callable[..., Show], capsys: pytest.CaptureFixture[str]
) -> None:
    show = make_show(total_seats=60)
    assert main(["--url", web, "--show", str(show.id), "--buyers", "1", "--seconds", "20"]) == 1
    assert "the show is not sold out" in capsys.readouterr().err


def test_no_service_and_a_wrong_key_are_one_line_each(
    web: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--url", f"http://127.0.0.1:{find_free_port()}"]) == 1
    assert "start the service with `make run`" in capsys.readouterr().err
    monkeypatch.setenv("ADMIN_API_KEY", "some-other-key-entirely")
    assert main(["--url", web]) == 1
    assert capsys.readouterr().err == (
        "sellout: the admin key is refused: set ADMIN_API_KEY to the service's own\n"
    )
