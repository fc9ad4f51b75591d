"""The log of an endpoint: every attempt, the last first, with what came of it; and it never grows."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler

import pytest

from core.infra.db import transaction
from core.shows.service import Show
from core.webhooks import service
from core.webhooks.errors import EndpointNotFoundError
from core.webhooks.log import KEPT
from core.webhooks.rules import Outcome
from proof.sink import Sink
from tests.acting import ask, book, cancel, hold, run, settle
from tests.core.webhooks.acting import (
    ask_for_test,
    deliver,
    make_due,
    queue,
    read_log,
    register,
    replay,
)

MakeShow = Callable[..., Show]
pytestmark = pytest.mark.usefixtures("private")


def test_each_attempt_with_what_came_of_it(sink: Sink, make_show: MakeShow) -> None:
    endpoint_id, show = register(sink).endpoint.id, make_show()
    booking_id = book(show.id, "1")
    settle(show.id)
    sink.answers["/"] = 503
    began = datetime.now(UTC)
    deliver(endpoint_id)
    make_due(endpoint_id)
    del sink.answers["/"]
    deliver(endpoint_id)
    taken, failed = read_log(endpoint_id)
    event = sink.received[0].event
    for attempt in (taken, failed):
        assert str(attempt.event_id) == event["id"]
        assert (attempt.type, attempt.booking_id) == ("BOOKING_CONFIRMED", booking_id)
        assert attempt.event_time == datetime.fromisoformat(event["time"])
        assert attempt.sent_at is not None
        assert attempt.took_milliseconds is not None
        assert began <= attempt.sent_at <= datetime.now(UTC)
        assert 0 <= attempt.took_milliseconds < 10_000
    assert (failed.attempt, failed.status, failed.status_code, failed.error) == (1, "failed", 503, "HTTP 503")
    assert (taken.attempt, taken.status, taken.status_code, taken.error) == (2, "delivered", 204, None)
    assert failed.next_attempt_at is not None
    assert began < failed.next_attempt_at < began + timedelta(seconds=30)
    assert taken.next_attempt_at is None
    assert taken.id > failed.id


def test_next_attempt_is_not_told_for_a_time_at_which_the_endpoint_is_left_alone(
    sink: Sink, make_show: MakeShow
) -> None:
    """Whichever of the events it was that was answered so."""
    endpoint_id, show = register(sink).endpoint.id, make_show()
    book(show.id, "1")
    book(show.id, "2")
    settle(show.id)

    def have_enough_of_one(handler: BaseHTTPRequestHandler) -> None:
        is_first = handler.headers["webhook-id"] == sink.received[0].headers["webhook-id"]
        handler.send_response(429 if is_first else 500)
        if is_first:
            handler.send_header("Retry-After", "1800")
        handler.end_headers()

    sink.answers["/"] = have_enough_of_one
    deliver(endpoint_id)
    attempts = read_log(endpoint_id)
    assert {attempt.status_code for attempt in attempts} == {429, 500}
    for attempt in attempts:
        assert attempt.next_attempt_at is not None
        assert attempt.next_attempt_at > datetime.now(UTC) + timedelta(minutes=25)


def test_given_up(sink: Sink, make_show: MakeShow) -> None:
    endpoint_id, show = register(sink).endpoint.id, make_show()
    book(show.id, "1")
    settle(show.id)
    queue()
    sink.answers["/"] = 500
    run("UPDATE webhook_deliveries SET created_at = now() - interval '73 hours'")
    deliver(endpoint_id)
    (attempt,) = read_log(endpoint_id)
    assert (attempt.status, attempt.status_code, attempt.next_attempt_at) == ("given_up", 500, None)


def test_gone(sink: Sink, make_show: MakeShow) -> None:
    endpoint_id, show = register(sink).endpoint.id, make_show()
    book(show.id, "1")
    settle(show.id)
    sink.answers["/"] = 410
    deliver(endpoint_id)
    (attempt,) = read_log(endpoint_id)
    assert (attempt.status, attempt.status_code, attempt.next_attempt_at) == ("gone", 410, None)


def test_nobody_there(sink: Sink, make_show: MakeShow) -> None:
    endpoint_id, show = register(sink).endpoint.id, make_show()
    run("UPDATE webhook_endpoints SET url = 'http://no-such-host.invalid/'")
    book(show.id, "1")
    settle(show.id)
    deliver(endpoint_id)
    (attempt,) = read_log(endpoint_id)
    assert (attempt.status, attempt.status_code, attempt.error) == ("failed", None, "no answer (gaierror)")


def test_attempts_of_a_replay_are_new_ones(sink: Sink, make_show: MakeShow) -> None:
    endpoint_id, show = register(sink).endpoint.id, make_show()
    book(show.id, "1")
    settle(show.id)
    deliver(endpoint_id)
    replay(endpoint_id, since=datetime.now(UTC) - timedelta(hours=1))
    deliver(endpoint_id)
    assert [(each.attempt, each.status) for each in read_log(endpoint_id)] == [(1, "delivered")] * 2


def test_each_endpoint_has_a_log_of_its_own(sink: Sink, make_show: MakeShow) -> None:
    first, second = register(sink, "/a").endpoint.id, register(sink, "/b").endpoint.id
    show = make_show()
    book(show.id, "1")
    settle(show.id)
    sink.answers["/a"] = 500
    for endpoint_id in (first, second):
        deliver(endpoint_id)
    assert [each.status for each in read_log(first)] == ["failed"]
    assert [each.status for each in read_log(second)] == ["delivered"]


def test_log_goes_round_and_keeps_failures_apart(sink: Sink, make_show: MakeShow) -> None:
    endpoint_id, show = register(sink).endpoint.id, make_show()
    sink.answers["/"] = 500
    book(show.id, "1")
    settle(show.id)
    deliver(endpoint_id)
    del sink.answers["/"]
    seats = iter("23456789")

    def deliver_one() -> None:
        book(show.id, next(seats))
        settle(show.id)
        deliver(endpoint_id)

    deliver_one()
    # As if all but one of the places had been gone through.
    run("UPDATE webhook_endpoints SET delivered = :count", count=KEPT - 1)
    deliver_one()
    first, second = read_log(endpoint_id, Outcome.DELIVERED)[::-1]
    deliver_one()
    assert [each.event_id for each in read_log(endpoint_id, Outcome.DELIVERED)[1:]] == [second.event_id]
    deliver_one()
    places = ask("SELECT place FROM webhook_attempts ORDER BY id")
    assert [place for (place,) in places] == [KEPT, KEPT - 1, 0, 1]
    assert len(read_log(endpoint_id, Outcome.FAILED)) == 1
    assert first.event_id not in {each.event_id for each in read_log(endpoint_id)}


def test_what_is_kept_is_bounded(sink: Sink, make_show: MakeShow) -> None:
    endpoint_id, show = register(sink).endpoint.id, make_show(total_seats=40)
    for number in range(1, 41):
        cancel(hold(show.id, str(number)))
    settle(show.id)
    run("UPDATE webhook_endpoints SET delivered = :count", count=7 * KEPT - 20)
    for _ in range(3):
        deliver(endpoint_id)
    assert len(sink.received) == 80
    told = ask("SELECT place, event_id FROM webhook_attempts")
    assert {place for place, _ in told} == {*range(KEPT - 20, KEPT), *range(60)}


def test_log_goes_with_its_endpoint(sink: Sink, make_show: MakeShow) -> None:
    endpoint_id, show = register(sink).endpoint.id, make_show()
    book(show.id, "1")
    settle(show.id)
    deliver(endpoint_id)
    ask_for_test(endpoint_id)
    with transaction() as connection:
        service.delete_endpoint(connection, endpoint_id)
    assert ask("SELECT FROM webhook_attempts") == []
    with pytest.raises(EndpointNotFoundError):
        read_log(endpoint_id)
