"""What the buyer sees: a page of a payment, with its buttons; or, for a program, the same as JSON."""

from flask import Blueprint, Response, jsonify, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox.bodies import Choice
from sandbox.ledger import Ledger, RefusedError
from sandbox.payment import Payment
from sandbox.receiving import read_form, read_json

JSON, HTML = "application/json", "text/html"
FORM = "application/x-www-form-urlencoded"
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)


def make_checkout(ledger: Ledger) -> Blueprint:
    """The routes."""
    checkout = Blueprint("checkout", __name__, url_prefix="/checkout")

    @checkout.get("/<provider_id>")
    def show(provider_id: str) -> AnyResponse:
        payment = ledger.fetch(provider_id)
        # A client without an Accept preference gets the page.
        return _show_page(payment) if _prefers(HTML, JSON) else jsonify(payment.show())

    @checkout.post("/<provider_id>/pay")
    def pay(provider_id: str) -> AnyResponse:
        return _respond(ledger.pay(provider_id, _read_choice()))

    @checkout.post("/<provider_id>/decline")
    def decline(provider_id: str) -> AnyResponse:
        return _respond(ledger.decline(provider_id, _read_choice()))

    @checkout.errorhandler(RefusedError)
    def refuse(refusal: RefusedError) -> AnyResponse:
        if _prefers(JSON, HTML):
            return make_response({"error": str(refusal)}, refusal.status)
        return _make_page(refusal.status, payment=None, detail=str(refusal))

    return checkout


def _read_choice() -> Choice:
    return read_form(Choice) if request.mimetype == FORM else read_json(Choice)


def _prefers(kind: str, other: str) -> bool:
    """Whether the client would rather have this kind, or likes both as much."""
    return request.accept_mimetypes.best_match([kind, other]) in (kind, None)


def _respond(payment: Payment) -> AnyResponse:
    """What became of it: back to the page, where it came from one."""
    if _prefers(JSON, HTML):
        return jsonify(payment.show())
    # So that reloading the page sends nothing again.
    return redirect(f"/checkout/{payment.provider_id}", 303)


def _show_page(payment: Payment) -> Response:
    return _make_page(200, payment=payment, detail=None)


def _make_page(status: int, *, payment: Payment | None, detail: str | None) -> Response:
    page = make_response(render_template("checkout.html", payment=payment, detail=detail), status)
    page.headers["Content-Security-Policy"] = POLICY
    return page
