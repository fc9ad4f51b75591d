"""A trace goes through all processes, as a collector gets it by OTLP over HTTP."""

import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack

import pytest

from core.infra.jobs import SETTLE_SHOW
from core.infra.tracing import TRACEPARENT
from core.shows.service import Show
from local.embedded import find_free_port
from proof.sink import Sink, run_sink
from tests.collecting import Collector, run_collector
from tests.pipeline.load import Client
from tests.support import (
    ADMIN,
    WORKER,
    run_deaf_port,
    run_process,
    run_silent_port,
    wait_for_http,
    wait_until,
)
from tests.tracing import PARENT_ID, SAMPLED, TRACE_ID

pytestmark = pytest.mark.processes
ONE_WEB = {**WORKER, "HOST": "127.0.0.1", "WEB_CONCURRENCY": "1", "WEBHOOK_ALLOW_PRIVATE": "true"}
# Every process that has to do with a booking.
ALL = "web", "worker", "outbound"
SHUTDOWN_SECONDS = 28
SEND, PROCESS = f"send {SETTLE_SHOW}", f"process {SETTLE_SHOW}"
SERVICE_OF = {
    "POST /bookings": "seatline-web",
    "commit bookings": "seatline-web",
    "nudge": "seatline-web",
    SEND: "seatline-web",
    PROCESS: "seatline-worker",
    "settle batch": "seatline-worker",
    "lock_work": "seatline-worker",
    "write_batch": "seatline-worker",
    "settle booking": "seatline-worker",
    "publish BOOKING_CONFIRMED": "seatline-outbound",
    "deliver BOOKING_CONFIRMED": "seatline-outbound",
}
BELOW = {
    "commit bookings": "POST /bookings",
    "nudge": "commit bookings",
    SEND: "nudge",
    PROCESS: SEND,
    "settle batch": PROCESS,
    "write_batch": "settle batch",
    "settle booking": "POST /bookings",
    "publish BOOKING_CONFIRMED": "POST /bookings",
    "deliver BOOKING_CONFIRMED": "POST /bookings",
}
OpenPort = Callable[[], AbstractContextManager[int]]


@pytest.fixture
def collector() -> Iterator[Collector]:
    """Where the processes send their traces."""
    with run_collector() as running:
        yield running


@pytest.fixture
def sink(database: dict[str, str]) -> Iterator[Sink]:
    """A receiver of webhooks."""
    with run_sink() as running:
        yield running


def start(stack: ExitStack, servers: dict[str, str], *names: str, **variables: str) -> Client:
    """Start processes, and a client of the web among them."""
    port = find_free_port()
    for name in names:
        stack.enter_context(run_process(name, {**servers, **ONE_WEB, "PORT": str(port), **variables}))
    wait_for_http(f"http://127.0.0.1:{port}/readyz")
    return Client(f"http://127.0.0.1:{port}")


def test_a_booking_is_one_trace_from_its_request_to_its_webhook(
    servers: dict[str, str], collector: Collector, sink: Sink, make_show: Callable[..., Show]
) -> None:
    with ExitStack() as stack:
        service = start(stack, servers, *ALL, "beat", OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint)
        assert service.call("POST", "/admin/webhook-endpoints", {"url": sink.url}, ADMIN)[0] == 201
        body, headers = (
            {"show_id": make_show().id, "seats": ["1"]},
            {TRACEPARENT: SAMPLED, "Prefer": "wait=20"},
        )
        assert service.call("POST", "/bookings", body, headers)[1]["status"] == "CONFIRMED"
        wait_until(lambda: sink.received)
    # What a process has not sent it sends as it ends.
    spans = {span.name: span for span in collector.list_spans() if span.trace_id == TRACE_ID}
    assert {name: span.service for name, span in spans.items() if name in SERVICE_OF} == SERVICE_OF
    assert spans["POST /bookings"].parent_id == PARENT_ID
    for child, parent in BELOW.items():
        assert spans[child].parent_id == spans[parent].span_id, child
    request = spans["POST /bookings"]
    assert spans["settle batch"].links == ((TRACE_ID, request.span_id),)
    assert spans["settle booking"].links == ((TRACE_ID, spans["settle batch"].span_id),)
    (received,) = sink.received
    deliver = spans["deliver BOOKING_CONFIRMED"]
    assert received.headers[TRACEPARENT] == f"00-{TRACE_ID}-{deliver.span_id}-01"
    assert received.event[TRACEPARENT] == f"00-{TRACE_ID}-{request.span_id}-01"
    assert not [span for span in spans.values() if span.has_failed]


def test_what_the_sampler_leaves_out_is_not_sent(
    servers: dict[str, str], database: dict[str, str], collector: Collector, make_show: Callable[..., Show]
) -> None:
    with ExitStack() as stack:
        service = start(
            stack,
            servers,
            *ALL,
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint,
            OTEL_TRACES_SAMPLER="parentbased_traceidratio",
            OTEL_TRACES_SAMPLER_ARG="0",
            OTEL_RESOURCE_ATTRIBUTES="deployment.environment=tests",
        )
        show = make_show()
        service.wait_for(service.book(show.id, "1"))
        body = {"show_id": show.id, "seats": ["2"]}
        service.call("POST", "/bookings", body, {TRACEPARENT: SAMPLED, "Prefer": "wait=20"})
    assert {span.trace_id for span in collector.list_spans()} == {TRACE_ID}


@pytest.mark.parametrize("open_port", [run_silent_port, run_deaf_port])
def test_a_collector_that_does_not_answer_holds_up_neither_bookings_nor_a_stop(
    servers: dict[str, str], database: dict[str, str], open_port: OpenPort, make_show: Callable[..., Show]
) -> None:
    with open_port() as collector_port, ExitStack() as stack:
        endpoint = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector_port}",
            "OTEL_EXPORTER_OTLP_TIMEOUT": "600",
        }
        port = find_free_port()
        processes = [
            stack.enter_context(run_process(name, {**servers, **ONE_WEB, "PORT": str(port), **endpoint}))
            for name in ALL
        ]
        wait_for_http(f"http://127.0.0.1:{port}/readyz")
        service, show = Client(f"http://127.0.0.1:{port}"), make_show()
        assert service.wait_for(service.book(show.id, "1"))["status"] == "CONFIRMED"
        for process in processes:
            process.send_signal(signal.SIGTERM)
        # The SDK would wait for 30 s, for as long as the collector's time-out lasts.
        assert [process.wait(SHUTDOWN_SECONDS) for process in processes] == [0, 0, 0]
