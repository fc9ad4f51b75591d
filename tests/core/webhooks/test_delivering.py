"""Deliveries: filtered, in order for a booking, tried again, given up, replayed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from core.infra.db import transaction
from core.shows.service import Show
from core.webhooks import service
from proof.sink import Sink
from tests.acting import book, cancel, confirm, hold, run, settle
from tests.core.webhooks.acting import deliver, look, make_due, queue, register, replay, tell

MakeShow = Callable[..., Show]
pytestmark = pytest.mark.usefixtures("private")


def test_each_event_once_signed_and_counted(sink: Sink, make_show: MakeShow) -> None:
    show = make_show()
    book(show.id, "9")
    settle(show.id)
    queue()
    made = register(sink)
    booking_id = book(show.id, "1")
    settle(show.id)
    for _ in range(3):
        deliver(made.endpoint.id)
    (received,) = sink.received
    received.verify(made.secret)
    event = received.event
    assert (event["type"], event["subject"]) == ("BOOKING_CONFIRMED", str(booking_id))
    assert received.headers["webhook-id"] == event["id"]
    after = look(made.endpoint.id)
    assert (after.delivered, after.failed, after.waiting, after.last_error) == (1, 0, 0, None)
    assert after.last_success_at is not None


def test_only_types_that_are_wanted(sink: Sink, make_show: MakeShow) -> None:
    made = register(sink, types=["BOOKING_HELD", "BOOKING_CANCELLED"])
    show = make_show()
    confirm(hold(show.id, "1"))
    settle(show.id)
    cancel(hold(show.id, "2"))
    settle(show.id)
    for _ in range(2):
        deliver(made.endpoint.id)
    assert sorted(tell(sink)) == ["CANCELLED", "HELD", "HELD"]


def test_booking_in_order_though_its_first_event_fails(sink: Sink, make_show: MakeShow) -> None:
    made = register(sink)
    show = make_show()
    booking_id, other = hold(show.id, "1"), hold(show.id, "2")
    confirm(booking_id)
    settle(show.id)
    sink.answers["/"] = 500
    deliver(made.endpoint.id)
    assert tell(sink) == ["HELD", "HELD"]
    failing = look(made.endpoint.id)
    assert (failing.failed, failing.waiting, failing.last_error) == (2, 3, "HTTP 500")
    deliver(made.endpoint.id)
    assert len(sink.received) == 2  # not before its time
    sink.received.clear()
    del sink.answers["/"]
    cancel(other)
    settle(show.id)
    make_due(made.endpoint.id)
    for _ in range(3):
        deliver(made.endpoint.id)
    for id_, expected in ((booking_id, ["HELD", "CONFIRMED"]), (other, ["HELD", "CANCELLED"])):
        mine = [r.event["type"] for r in sink.received if r.event["subject"] == str(id_)]
        assert mine == [f"BOOKING_{word}" for word in expected]


def test_repeated_byte_for_byte(sink: Sink, make_show: MakeShow) -> None:
    made = register(sink)
    show = make_show()
    book(show.id, "1", customer="Zoë")
    settle(show.id)
    sink.answers["/"] = 503
    deliver(made.endpoint.id)
    make_due(made.endpoint.id)
    deliver(made.endpoint.id)
    first, second = sink.received
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]


def test_given_up_after_three_days(sink: Sink, make_show: MakeShow) -> None:
    made = register(sink)
    show = make_show()
    book(show.id, "1")
    settle(show.id)
    queue()
    sink.answers["/"] = 500
    run("UPDATE webhook_deliveries SET created_at = now() - interval '73 hours'")
    deliver(made.endpoint.id)
    after = look(made.endpoint.id)
    assert (after.given_up, after.waiting, after.failed) == (1, 0, 1)
    del sink.answers["/"]
    replay(made.endpoint.id, since=datetime.now(UTC) - timedelta(hours=1))
    deliver(made.endpoint.id)
    assert tell(sink) == ["CONFIRMED", "CONFIRMED"]


@pytest.mark.parametrize("begin", ["time", "id"])
def test_replay(sink: Sink, make_show: MakeShow, begin: str) -> None:
    made = register(sink)
    show = make_show()
    for number in "1234":
        book(show.id, number)
        settle(show.id)
        deliver(made.endpoint.id)
    third = sink.received[2]
    if begin == "time":
        replay(made.endpoint.id, since=datetime.fromisoformat(third.event["time"]))
    else:
        replay(made.endpoint.id, event_id=UUID(third.event["id"]))
    deliver(made.endpoint.id)
    # Of different bookings, so in any order.
    assert sorted(r.body for r in sink.received[4:]) == sorted(r.body for r in sink.received[2:4])


def test_rotated_secret(sink: Sink, make_show: MakeShow) -> None:
    made = register(sink)
    with transaction() as connection:
        rotated = service.rotate_secret(connection, made.endpoint.id)
    show = make_show()
    book(show.id, "1")
    settle(show.id)
    deliver(made.endpoint.id)
    sink.received[0].verify(made.secret)
    sink.received[0].verify(rotated.secret)
    run("UPDATE webhook_endpoints SET old_secret_until = now() - interval '1 s'")
    book(show.id, "2")
    settle(show.id)
    deliver(made.endpoint.id)
    sink.received[1].verify(rotated.secret)
    with pytest.raises(Exception, match="signature"):
        sink.received[1].verify(made.secret)
