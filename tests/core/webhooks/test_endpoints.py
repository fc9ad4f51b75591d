"""Endpoints that are down, gone, busy: probed, disabled, left alone; and one worker an endpoint."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from core.infra.db import transaction
from core.shows.service import Show
from core.webhooks import delivering, service
from core.webhooks.delivering import deliver_webhooks
from core.webhooks.rules import FAILURES_UNTIL_DOWN
from proof.sink import Sink
from tests.acting import ask, book, run, settle
from tests.core.webhooks.acting import deliver, look, make_due, queue, register
from tests.support import wait_until

MakeShow = Callable[..., Show]
pytestmark = pytest.mark.usefixtures("private")


def test_gone_disables(sink: Sink, make_show: MakeShow) -> None:
    made = register(sink)
    show = make_show()
    book(show.id, "1")
    book(show.id, "2")
    settle(show.id)
    sink.answers["/"] = 410
    deliver(made.endpoint.id)
    after = look(made.endpoint.id)
    assert (after.enabled, after.disabled_reason, after.waiting) == (False, "gone", 0)
    received = len(sink.received)
    book(show.id, "3")
    settle(show.id)
    deliver(made.endpoint.id)
    assert len(sink.received) == received
    with transaction() as connection:
        service.update_endpoint(connection, made.endpoint.id, {"enabled": True})
    del sink.answers["/"]
    book(show.id, "4")
    settle(show.id)
    deliver(made.endpoint.id)
    assert [r.event["data"]["seats"] for r in sink.received[received:]] == [["4"]]


@pytest.mark.parametrize("is_date", [False, True])
def test_too_many_requests_pauses_as_asked(sink: Sink, make_show: MakeShow, is_date: bool) -> None:
    made = register(sink)
    show = make_show()
    book(show.id, "1")
    settle(show.id)
    sink.answers["/"] = 429
    in_two_minutes = format_datetime(datetime.now(UTC) + timedelta(minutes=2), usegmt=True)
    sink.headers["Retry-After"] = in_two_minutes if is_date else "120"
    deliver(made.endpoint.id)
    paused_until = look(made.endpoint.id).paused_until
    assert paused_until is not None
    assert timedelta(seconds=100) < paused_until - datetime.now(UTC) < timedelta(seconds=140)


def test_endpoint_that_is_down_is_probed_and_catches_up(
    sink: Sink, make_show: MakeShow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, "SENT_AT_ONCE", FAILURES_UNTIL_DOWN)
    made = register(sink)
    show = make_show(total_seats=40)
    for number in range(1, 31):
        book(show.id, str(number))
    settle(show.id)
    sink.answers["/"] = 500
    for _ in range(2):
        deliver(made.endpoint.id)
        make_due(made.endpoint.id)
    assert len(sink.received) == FAILURES_UNTIL_DOWN + 1
    deliver(made.endpoint.id)
    assert len(sink.received) == FAILURES_UNTIL_DOWN + 2
    assert look(made.endpoint.id).paused_until is not None
    deliver(made.endpoint.id)
    assert len(sink.received) == FAILURES_UNTIL_DOWN + 2
    sink.received.clear()
    del sink.answers["/"]
    # The pause is over, and with the first success everything else is due, whatever its own delay.
    run("UPDATE webhook_endpoints SET paused_until = now()")
    run("UPDATE webhook_deliveries SET next_attempt_at = now() + interval '1 hour' WHERE attempts > 1")
    deliver(made.endpoint.id)
    assert len({received.event["id"] for received in sink.received}) == 30


def test_worker_at_an_endpoint_keeps_others_away(sink: Sink, make_show: MakeShow) -> None:
    made = register(sink)
    show = make_show()
    book(show.id, "1")
    settle(show.id)
    queue()
    sink.answers["/"] = sink.hang
    worker = threading.Thread(target=deliver_webhooks, args=(made.endpoint.id,))
    worker.start()
    wait_until(lambda: sink.received)
    deliver_webhooks(made.endpoint.id)
    assert len(sink.received) == 1
    sink.answers.clear()
    sink.let_go.set()
    worker.join()


def test_frozen_worker_leaves_the_record_to_whoever_has_the_lease(sink: Sink, make_show: MakeShow) -> None:
    made = register(sink)
    show = make_show()
    book(show.id, "1")
    settle(show.id)
    queue()
    sink.answers["/"] = sink.hang
    frozen = threading.Thread(target=deliver_webhooks, args=(made.endpoint.id,))
    frozen.start()
    wait_until(lambda: sink.received)
    run("UPDATE webhook_endpoints SET leased_until = now()")
    sink.answers.clear()
    deliver_webhooks(made.endpoint.id)
    sink.let_go.set()
    frozen.join()
    after = look(made.endpoint.id)
    assert (after.delivered, after.failed, after.waiting) == (1, 0, 0)


def test_queue_is_bounded_and_nothing_is_left_out(
    sink: Sink, make_show: MakeShow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, "QUEUED_AT_MOST", 5)
    made = register(sink)
    show = make_show(total_seats=20)
    for number in range(1, 21):
        book(show.id, str(number))
    settle(show.id)
    queue()
    queue()
    assert ask("SELECT count(*) FROM webhook_deliveries")[0][0] == 5
    deliver(made.endpoint.id)
    assert len(sink.received) == 20
