"""What Seatline asks of the sandbox, by the key that both derive."""

import hmac
from typing import Any

from flask import Blueprint, request

from sandbox.bodies import NewFaults, NewPayment, NewRefund, Span
from sandbox.faults import Faults
from sandbox.ledger import Ledger
from sandbox.receiving import read_json, read_query

Answer = tuple[dict[str, Any], int]


def make_calls(ledger: Ledger, faults: Faults, *, key: str, address: str) -> Blueprint:
    """The routes; `address` is what pages' URLs begin with."""
    calls = Blueprint("calls", __name__)

    @calls.before_request
    def judge() -> Answer | None:
        return _judge_key(key) or _hold_up(faults)

    @calls.post("/payments")
    def create() -> Answer:
        payment, is_new = ledger.create(read_json(NewPayment))
        url = f"{address}/checkout/{payment.provider_id}"
        return {**payment.report(), "checkout_url": url}, 201 if is_new else 200

    @calls.get("/payments")
    def list_() -> Answer:
        span = read_query(Span)
        found = ledger.list_between(span)
        following = str(found[-1].number) if len(found) == span.limit else None
        return {"items": [payment.report() for payment in found], "next": following}, 200

    @calls.get("/payments/<provider_id>")
    def fetch(provider_id: str) -> Answer:
        return ledger.fetch(provider_id).report(), 200

    @calls.post("/payments/<provider_id>/close")
    def close(provider_id: str) -> Answer:
        return ledger.close(provider_id).report(), 200

    @calls.post("/payments/<provider_id>/refunds")
    def refund(provider_id: str) -> Answer:
        return ledger.refund(provider_id, read_json(NewRefund)).report(), 200

    @calls.put("/faults")
    def put_faults() -> Answer:
        faults.put(read_json(NewFaults))
        return {}, 200

    return calls


def _judge_key(key: str) -> Answer | None:
    sent = request.headers.get("Authorization", "")
    if hmac.compare_digest(sent.encode(), f"Bearer {key}".encode()):
        return None
    return {"error": "the key is not the one that SEATLINE_SECRET leads to"}, 401


def _hold_up(faults: Faults) -> Answer | None:
    # PUT /faults is exempt from faults, so that a fault can be ended early.
    is_spared = request.endpoint == "calls.put_faults"
    status = None if is_spared else faults.hold_up()
    return ({"error": "on purpose"}, status) if status else None
