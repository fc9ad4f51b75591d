"""The whole way of a booking, with a real web process, worker and beat."""

from collections.abc import Callable
from uuid import UUID

import pytest

from core.infra.jobs import SETTLE_SHOW
from core.infra.redis import get_redis
from core.shows.service import Show
from tests.acting import ask, end_hold
from tests.invariants import check_settled
from tests.measuring import measured
from tests.pipeline.load import Client, under_load
from tests.support import ADMIN, wait_until

pytestmark = [pytest.mark.usefixtures("workers"), pytest.mark.processes]
MakeShow = Callable[..., Show]


def all_settled() -> bool:
    return not ask("SELECT FROM bookings WHERE wants IS NOT NULL LIMIT 1")


def test_booking_is_settled(service: Client, make_show: MakeShow) -> None:
    booking = service.wait_for(service.book(make_show().id, "1", "2"))
    assert (booking["status"], booking["seats"], booking["amount"]) == ("CONFIRMED", ["1", "2"], 200)


def test_worker_and_web_tell_the_same_ticket_code(service: Client, make_show: MakeShow) -> None:
    # A long poll that waits is answered with what the worker announces, and a read by web.
    announced = service.wait_for(service.book(make_show().id, "1"))
    told = {announced["ticket_code"], service.wait_for(announced["id"], 0)["ticket_code"]}
    told |= {code for (code,) in ask("SELECT payload->>'ticket_code' FROM events")}
    (code,) = told
    assert service.call("GET", f"/admin/tickets/{code}", headers=ADMIN) == (200, announced)


def test_settling_takes_moments(service: Client, make_show: MakeShow) -> None:
    show = make_show()
    service.wait_for(service.book(show.id, "1"))
    with measured() as took:
        service.wait_for(service.book(show.id, "2"))
    # Well under the sweep's second: the nudge did it.
    assert took.quiet < 0.7


def test_hold_then_confirm(service: Client, make_show: MakeShow) -> None:
    booking_id = service.book(make_show().id, "1", hold=True)
    held = service.wait_for(booking_id)
    assert (held["status"], held["held"]) == ("PENDING", True)
    assert service.act(booking_id, "confirm") == 202
    assert service.wait_for(booking_id)["status"] == "CONFIRMED"
    assert service.act(booking_id, "confirm") == 200


def test_expired_hold_is_booked_again_within_seconds(service: Client, make_show: MakeShow) -> None:
    show = make_show()
    booking_id = service.book(show.id, "1", hold=True)
    hold_expires_at = service.wait_for(booking_id)["hold_expires_at"]
    assert hold_expires_at
    end_hold(UUID(booking_id), in_seconds=0.1)
    with measured() as took:
        wait_until(lambda: service.wait_for(booking_id, 0)["status"] == "FAILED")
    assert took.quiet < 5
    assert service.wait_for(service.book(show.id, "1"))["status"] == "CONFIRMED"


def test_cancelled_seats_are_booked_again(service: Client, make_show: MakeShow) -> None:
    show = make_show()
    first = service.book(show.id, "1")
    service.wait_for(first)
    assert service.act(first, "cancel") == 202
    assert service.wait_for(first)["status"] == "CANCELLED"
    assert service.wait_for(service.book(show.id, "1"))["status"] == "CONFIRMED"


def test_redis_wiped_under_load(service: Client, make_show: MakeShow) -> None:
    show = make_show(total_seats=20_000)
    with under_load(service, show.id) as load:
        for wipes in range(1, 4):
            wait_until(lambda many=wipes * 50: len(load.ids) > many)
            get_redis().flushall()
        wait_until(lambda: len(load.ids) > 200)
    wait_until(all_settled)
    check_settled()
    assert ask("SELECT count(*) FROM bookings WHERE status = 'CONFIRMED'")[0][0] == len(load.ids)
    service.wait_for(service.book(show.id, "19999"))


def test_lost_nudge_is_made_up_for(service: Client, make_show: MakeShow) -> None:
    """A flag that says a message is on its way, where none is: the sweep finds the booking."""
    show = make_show()
    get_redis().set(f"flag:{SETTLE_SHOW}:{show.id}", 1, ex=1)
    with measured() as took:
        assert service.wait_for(service.book(show.id, "1"))["status"] == "CONFIRMED"
    assert took.quiet < 6
