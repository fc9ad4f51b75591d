"""Requests about payments are traced through threads, to the provider, and to what is paid."""

from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan

from core.infra import tracing
from tests.acting import ask
from tests.api.paying import Paying
from tests.tracing import PARENT_ID, SAMPLED, TRACE_ID, Kept, get_id, get_parent, get_trace

TRACED = {tracing.TRACEPARENT: SAMPLED}


@pytest.fixture
def booking_id(kept: Kept, paying: Paying) -> str:
    """A booking to be paid."""
    return paying.hold("1")


def find_traced(kept: Kept) -> dict[str, ReadableSpan]:
    return {span.name: span for span in kept.list_spans() if get_trace(span) == TRACE_ID}


def offer(paying: Paying, booking_id: str) -> dict[str, Any]:
    """A new payment that a sampled request asks for, again where the sandbox was too slow."""
    status = 503
    while status == 503:
        answer = paying.client.post(f"/bookings/{booking_id}/payments", headers=TRACED)
        status = answer.status_code
    assert status in (200, 201), answer.text
    return dict(answer.json)


def test_the_call_of_a_provider_is_below_the_request(kept: Kept, paying: Paying, booking_id: str) -> None:
    offer(paying, booking_id)
    spans = find_traced(kept)
    request = spans["POST /bookings/<booking_id>/payments"]
    assert get_parent(spans["call sandbox"]) == get_id(request)
    assert "SELECT" in kept.list_below(request)
    assert not [span for span in spans.values() if booking_id in span.to_json()]


def test_the_statements_of_a_list_are_below_its_request(kept: Kept, paying: Paying, booking_id: str) -> None:
    paying.client.get(f"/bookings/{booking_id}/payments", headers=TRACED)
    assert "SELECT" in kept.list_below(find_traced(kept)["GET /bookings/<booking_id>/payments"])


def test_a_webhook_leaves_the_trace_of_its_booking(kept: Kept, paying: Paying, booking_id: str) -> None:
    """What it confirms goes on in the trace of the request for the booking."""
    ((before,),) = ask("SELECT trace FROM bookings")
    webhook = paying.pay(offer(paying, booking_id))
    other = f"00-{'7' * 32}-{PARENT_ID}-01"
    assert paying.deliver(webhook, traceparent=other).status_code == 200
    confirmed = kept.find("confirm paid bookings")
    assert get_trace(confirmed) == "7" * 32
    paying.settle()
    assert before
    assert ask("SELECT trace FROM bookings") == [(before,)]
    assert ask("SELECT DISTINCT trace FROM events") == [(before,)]
