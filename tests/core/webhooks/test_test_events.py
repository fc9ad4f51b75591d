"""Test events: signed as any other, sent once, whatever the endpoint's state, which stays as it is."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from core.errors import InvalidRequestError
from core.infra.db import get_engine, transaction
from core.infra.redis import get_redis
from core.shows.service import Show
from core.webhooks import service
from core.webhooks.delivering import deliver_webhooks, queue_deliveries
from core.webhooks.errors import EndpointNotFoundError
from core.webhooks.log import KEPT
from core.webhooks.rules import FAILURES_UNTIL_DOWN
from proof.sink import Sink
from tests.acting import ask, book, cancel, hold, run, settle
from tests.core.webhooks.acting import ask_for_test, look, queue, read_log, register, replay, tell
from tests.support import wait_until

MakeShow = Callable[..., Show]
pytestmark = pytest.mark.usefixtures("private")
INSERT_TESTS = """
    INSERT INTO webhook_attempts (endpoint_id, place, event_id, type, event_time, attempt, status)
    SELECT :id, :first + n, gen_random_uuid(), 'ENDPOINT_TEST', now(), 1, :status
    FROM generate_series(0, :last) AS n
"""


def test_sent_once_and_told_apart(sink: Sink) -> None:
    made = register(sink)
    endpoint_id = made.endpoint.id
    asked = ask_for_test(endpoint_id)
    assert (asked.status, asked.sent_at, asked.type) == ("waiting", None, "ENDPOINT_TEST")
    for _ in range(2):
        deliver_webhooks(endpoint_id)
    (received,) = sink.received
    received.verify(made.secret)
    assert received.headers["webhook-id"] == str(asked.event_id)
    assert received.headers["content-type"] == "application/cloudevents+json"
    assert received.event == {
        "specversion": "1.0",
        "id": str(asked.event_id),
        "source": "/seatline/webhook-endpoints",
        "type": "ENDPOINT_TEST",
        "subject": str(endpoint_id),
        "time": asked.event_time.isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": {"endpoint_id": endpoint_id, "test": True},
    }
    (noted,) = read_log(endpoint_id)
    assert (noted.id, noted.event_id, noted.booking_id) == (asked.id, asked.event_id, None)
    assert (noted.status, noted.status_code, noted.error, noted.attempt) == ("delivered", 204, None, 1)
    assert noted.sent_at is not None
    assert noted.took_milliseconds is not None


def test_signed_by_both_secrets(sink: Sink) -> None:
    made = register(sink)
    with transaction() as connection:
        rotated = service.rotate_secret(connection, made.endpoint.id)
    ask_for_test(made.endpoint.id)
    deliver_webhooks(made.endpoint.id)
    sink.received[0].verify(made.secret)
    sink.received[0].verify(rotated.secret)
    run("UPDATE webhook_endpoints SET old_secret_until = now() - interval '1 s'")
    ask_for_test(made.endpoint.id)
    deliver_webhooks(made.endpoint.id)
    sink.received[1].verify(rotated.secret)
    with pytest.raises(Exception, match="signature"):
        sink.received[1].verify(made.secret)


@pytest.mark.parametrize("status", [204, 429, 410, 500])
@pytest.mark.parametrize(
    "state",
    [
        "failures_in_a_row = 0",
        f"failures_in_a_row = {FAILURES_UNTIL_DOWN}, paused_until = now() + interval '5 minutes'",
        "disabled_reason = 'operator'",
        "disabled_reason = 'gone', last_error = 'HTTP 410', last_error_at = now()",
        "types = '{BOOKING_HELD}'",
    ],
)
def test_endpoint_stays_as_it_is(sink: Sink, state: str, status: int) -> None:
    endpoint_id = register(sink).endpoint.id
    run(f"UPDATE webhook_endpoints SET {state}")
    before, rows = look(endpoint_id), ask("SELECT failures_in_a_row, lease FROM webhook_endpoints")
    sink.answers["/"] = status
    sink.headers["Retry-After"] = "120"
    ask_for_test(endpoint_id)
    for _ in range(2):
        queue_deliveries()
        deliver_webhooks(endpoint_id)
    assert len(sink.received) == 1
    assert [each.status_code for each in read_log(endpoint_id)] == [status]
    assert [each.next_attempt_at for each in read_log(endpoint_id)] == [None]
    assert ask("SELECT failures_in_a_row, lease FROM webhook_endpoints") == rows
    assert look(endpoint_id) == before


def test_order_is_undisturbed(sink: Sink, make_show: MakeShow) -> None:
    endpoint_id, show = register(sink).endpoint.id, make_show()
    booking_id = hold(show.id, "1")
    settle(show.id)
    cancel(booking_id)
    settle(show.id)
    queue()
    ask_for_test(endpoint_id)
    for _ in range(3):
        deliver_webhooks(endpoint_id)
    assert tell(sink) == ["ENDPOINT_TEST", "HELD", "CANCELLED"]
    assert look(endpoint_id).delivered == 2


def test_one_waits_at_a_time(sink: Sink) -> None:
    endpoint_id = register(sink).endpoint.id
    first = ask_for_test(endpoint_id)
    assert ask_for_test(endpoint_id) == first
    deliver_webhooks(endpoint_id)
    assert ask_for_test(endpoint_id).event_id != first.event_id
    deliver_webhooks(endpoint_id)
    assert [each.status for each in read_log(endpoint_id)] == ["delivered"] * 2


def test_asked_for_by_several_at_once(sink: Sink) -> None:
    """Each of whom finds that none waits, were they not to wait for each other."""
    endpoint_id = register(sink).endpoint.id
    waiting = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with get_engine().connect() as blocker, ThreadPoolExecutor(2) as pool:
        blocker.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        blocker.execute(
            text(INSERT_TESTS), {"id": endpoint_id, "first": 2 * KEPT, "last": 0, "status": "failed"}
        )
        asked = [pool.submit(ask_for_test, endpoint_id) for _ in range(2)]
        wait_until(lambda: len(ask(waiting)) == 2)
        blocker.rollback()
        first, second = (each.result() for each in asked)
    assert first == second


def test_sent_by_one_worker_though_another_is_at_it(sink: Sink) -> None:
    endpoint_id = register(sink).endpoint.id
    ask_for_test(endpoint_id)
    sink.answers["/"] = sink.hang
    worker = threading.Thread(target=deliver_webhooks, args=(endpoint_id,))
    worker.start()
    wait_until(lambda: sink.received)
    deliver_webhooks(endpoint_id)
    sink.let_go.set()
    worker.join()
    assert len(sink.received) == 1


def test_sent_while_a_delivery_hangs(sink: Sink, make_show: MakeShow) -> None:
    endpoint_id, show = register(sink).endpoint.id, make_show()
    book(show.id, "1")
    settle(show.id)
    queue()
    sink.answers["/"] = sink.hang
    worker = threading.Thread(target=deliver_webhooks, args=(endpoint_id,))
    worker.start()
    wait_until(lambda: sink.received)
    sink.answers.clear()
    ask_for_test(endpoint_id)
    deliver_webhooks(endpoint_id)
    assert tell(sink) == ["CONFIRMED", "ENDPOINT_TEST"]
    sink.let_go.set()
    worker.join()


def test_worker_that_died_is_made_up_for(sink: Sink) -> None:
    """By another, after a while, with the same event byte for byte."""
    endpoint_id = register(sink).endpoint.id
    asked = ask_for_test(endpoint_id)
    run("UPDATE webhook_attempts SET sent_at = now() - interval '20 s'")
    deliver_webhooks(endpoint_id)
    assert sink.received == []
    run("UPDATE webhook_attempts SET sent_at = now() - interval '31 s'")
    deliver_webhooks(endpoint_id)
    run("UPDATE webhook_attempts SET status = 'waiting', sent_at = NULL")
    deliver_webhooks(endpoint_id)
    first, second = sink.received
    assert first.body == second.body
    assert first.event["id"] == str(asked.event_id)


def test_lost_message_is_made_up_for(sink: Sink) -> None:
    """Of a paused, a disabled endpoint too: the relay has it sent."""
    endpoint_ids = [register(sink, f"/{number}").endpoint.id for number in range(3)]
    run("UPDATE webhook_endpoints SET disabled_reason = 'operator' WHERE id = :id", id=endpoint_ids[0])
    run(
        "UPDATE webhook_endpoints SET paused_until = now() + interval '1 h' WHERE id = :id",
        id=endpoint_ids[1],
    )
    for endpoint_id in endpoint_ids[:2]:
        ask_for_test(endpoint_id)
    queue_deliveries()
    flags = [f"flag:tasks.webhooks.deliver_webhooks:{endpoint_id}" for endpoint_id in endpoint_ids]
    wait_until(lambda: all(get_redis().exists(flag) for flag in flags[:2]))
    assert not get_redis().exists(flags[2])


def test_tests_go_round_as_well(sink: Sink) -> None:
    endpoint_id = register(sink).endpoint.id
    run(INSERT_TESTS, id=endpoint_id, first=2 * KEPT, last=KEPT - 1, status="delivered")
    asked = ask_for_test(endpoint_id)
    assert len(read_log(endpoint_id)) == KEPT
    assert read_log(endpoint_id)[0] == asked
    deliver_webhooks(endpoint_id)
    assert [received.event["id"] for received in sink.received] == [str(asked.event_id)]


def test_endpoint_that_is_not_there(sink: Sink) -> None:
    with pytest.raises(EndpointNotFoundError):
        ask_for_test(999_999)
    deliver_webhooks(999_999)


def test_endpoint_removed_before_its_test_was_sent(sink: Sink) -> None:
    endpoint_id = register(sink).endpoint.id
    ask_for_test(endpoint_id)
    with transaction() as connection:
        service.delete_endpoint(connection, endpoint_id)
    deliver_webhooks(endpoint_id)
    assert sink.received == []


def test_no_event_of_the_feed(sink: Sink) -> None:
    """So it is not to be replayed from."""
    endpoint_id = register(sink).endpoint.id
    asked = ask_for_test(endpoint_id)
    deliver_webhooks(endpoint_id)
    assert ask("SELECT FROM events") == []
    with pytest.raises(InvalidRequestError):
        replay(endpoint_id, event_id=asked.event_id)
