"""Each try to deliver an event of a sampled request is a span of its trace, and tells the receiver of it."""

from collections.abc import Callable

import pytest
from opentelemetry.trace import SpanKind, StatusCode

from core.infra.tracing import TRACEPARENT
from core.shows.service import Show
from proof.sink import Sink
from tests.acting import book, run, settle
from tests.core.webhooks.acting import deliver, register
from tests.tracing import PARENT_ID, SAMPLED, TRACE_ID, Kept, get_id, get_parent, get_trace

pytestmark = pytest.mark.usefixtures("private")


@pytest.mark.parametrize(("status", "told"), [(204, StatusCode.UNSET), (302, StatusCode.ERROR)])
def test_a_try_tells_its_answer(
    *, kept: Kept, sink: Sink, make_show: Callable[..., Show], status: int, told: StatusCode
) -> None:
    made, show = register(sink), make_show()
    sink.answers["/"] = status
    book(show.id, "1")
    run(f"UPDATE bookings SET trace = '{SAMPLED}'")
    book(show.id, "2")
    settle(show.id)
    deliver(made.endpoint.id)
    span = kept.find("deliver BOOKING_CONFIRMED")
    assert (span.kind, get_trace(span), f"{get_parent(span):016x}") == (SpanKind.CLIENT, TRACE_ID, PARENT_ID)
    assert (span.attributes or {})["http.response.status_code"] == status
    assert span.status.status_code is told
    own = {received.event.get(TRACEPARENT): received.headers.get(TRACEPARENT) for received in sink.received}
    assert own == {SAMPLED: f"00-{TRACE_ID}-{get_id(span):016x}-01", None: None}
