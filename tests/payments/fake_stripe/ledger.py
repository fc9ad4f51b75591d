"""What this Stripe keeps: sessions, intents, charges and refunds, and what may be done with them."""

import secrets
import threading
import time
from collections.abc import Callable
from typing import Any

from tests.canary import CANARY
from tests.payments.fake_stripe.events import make_event
from tests.payments.fake_stripe.refusals import (
    RefusedError,
    check_int,
    check_money,
    check_names,
    refuse_parameter,
)

Params = dict[str, Any]
Thing = dict[str, Any]
SHORTEST_SECONDS, LONGEST_SECONDS = 1800, 86_400
NOT_OPEN = (
    'Only Checkout Sessions with a status in ["open"] can be expired. This Session has a status of `{}`.'
)
CANCELABLE = {"requires_payment_method", "requires_confirmation", "requires_action", "requires_capture"}
LIST_PARAMETERS = {"limit", "starting_after", "created", "status", "payment_intent", "expand"}


class Ledger:
    """One account. What happens goes to `tell` as events."""

    def __init__(self, tell: Callable[[Thing], None], page_url: str) -> None:
        self._tell, self._page_url = tell, page_url
        self.things: dict[str, Thing] = {}
        self.lock = threading.RLock()

    def get(self, provider_id: str, kind: str | None = None) -> Thing:
        """Raises RefusedError where there is no such thing."""
        thing = self.things.get(provider_id)
        if thing is None or kind not in (None, thing["object"]):
            told = f"No such {kind}: '{provider_id}'"
            raise RefusedError(404, told, code="resource_missing", param="id", is_saved=False)
        return thing

    def create_session(self, params: Params) -> Thing:
        """A Checkout Session of mode payment, with one line of its own price."""
        required = {"mode", "line_items", "success_url"}
        optional = {"cancel_url", "client_reference_id", "metadata", "payment_intent_data", "expires_at"}
        check_names(params, required=required, optional=optional | {"adaptive_pricing", "expand"})
        line = params["line_items"][0]
        price = line["price_data"]
        check_names(price["product_data"], required={"name"}, optional=set())
        check_names(
            params.get("payment_intent_data", {}), required=set(), optional={"metadata", "description"}
        )
        amount = check_money(price, "unit_amount", price["currency"]) * check_int(line, "quantity")
        now = int(time.time())
        expires_at = check_int(params, "expires_at") if "expires_at" in params else now + LONGEST_SECONDS
        if not now + SHORTEST_SECONDS <= expires_at <= now + LONGEST_SECONDS:
            told = "The `expires_at` timestamp must be between 30 minutes and 24 hours from now."
            raise refuse_parameter("expires_at", told)
        session = self._keep(
            "checkout.session", "cs_test_", amount_total=amount, currency=price["currency"], status="open",
            payment_status="unpaid", payment_intent=None, expires_at=expires_at, mode=params["mode"],
            metadata=params.get("metadata", {}), client_reference_id=params.get("client_reference_id"),
            success_url=params["success_url"], cancel_url=params.get("cancel_url"),
        )  # fmt: skip
        session["url"] = f"{self._page_url}/c/pay/{session['id']}"
        self.things[session["id"]]["asked"] = params
        return session

    def expire_session(self, provider_id: str, _: Params) -> Thing:
        """Only an open one can be."""
        session = self.get(provider_id, "checkout.session")
        if session["status"] != "open":
            raise RefusedError(400, NOT_OPEN.format(session["status"]))
        session |= {"status": "expired", "url": None}
        self._tell(make_event("checkout.session.expired", session))
        return session

    def create_intent(self, params: Params) -> Thing:
        """A PaymentIntent that a page of the seller's own confirms."""
        optional = {"automatic_payment_methods", "description", "metadata", "expand"}
        check_names(params, required={"amount", "currency"}, optional=optional)
        amount = check_money(params, "amount", params["currency"])
        return self._make_intent(amount, params["currency"], params.get("metadata", {}))

    def cancel_intent(self, provider_id: str, _: Params) -> Thing:
        """Not one that is paid, or whose money is on its way."""
        intent = self.get(provider_id, "payment_intent")
        if intent["status"] not in CANCELABLE:
            told = f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}."
            raise RefusedError(400, told, code="payment_intent_unexpected_state")
        intent["status"] = "canceled"
        self._tell(make_event("payment_intent.canceled", intent))
        return intent

    def create_refund(self, params: Params) -> Thing:
        """Of the intent's charge, no more than is left of it."""
        check_names(params, required={"payment_intent"}, optional={"amount", "metadata", "reason"})
        intent = self.get(params["payment_intent"], "payment_intent")
        if not intent["latest_charge"] or intent["status"] != "succeeded":
            raise RefusedError(400, "This PaymentIntent does not have a successful charge to refund.")
        charge = self.get(intent["latest_charge"])
        left = charge["amount"] - charge["amount_refunded"]
        if not left:
            told = f"Charge {charge['id']} has already been refunded."
            raise RefusedError(400, told, code="charge_already_refunded")
        amount = check_money(params, "amount", charge["currency"]) if "amount" in params else left
        if amount > left:
            told = f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})"
            raise RefusedError(400, told, param="amount")
        charge["amount_refunded"] += amount
        refund = self._keep(
            "refund", "re_", amount=amount, currency=charge["currency"], charge=charge["id"],
            payment_intent=intent["id"], status="succeeded", metadata=params.get("metadata", {}),
        )  # fmt: skip
        self._tell(make_event("charge.refunded", charge))
        return refund

    def fail_refund(self, refund_id: str) -> None:
        """The buyer's bank sends the money back, days later."""
        refund = self.get(refund_id, "refund")
        refund |= {"status": "failed", "failure_reason": "lost_or_stolen_card"}
        self.get(refund["charge"])["amount_refunded"] -= refund["amount"]
        self._tell(make_event("refund.failed", refund))

    def find(self, kind: str, params: Params) -> Thing:
        """A page of what there is of a kind, newest first."""
        check_names(params, required=set(), optional=LIST_PARAMETERS)
        limit = check_int(params, "limit") if "limit" in params else 10
        if not 1 <= limit <= 100:
            raise refuse_parameter("limit", "Invalid limit: it must be between 1 and 100")
        found = [thing for thing in reversed(self.things.values()) if thing["object"] == kind]
        for name in ("status", "payment_intent"):
            found = [thing for thing in found if params.get(name) in (None, thing.get(name))]
        created = {name: int(bound) for name, bound in params.get("created", {}).items()}
        least, most = created.get("gte", 0), created.get("lte", 1 << 62)
        found = [thing for thing in found if least <= thing["created"] <= most]
        if after := params.get("starting_after"):
            found = found[[thing["id"] for thing in found].index(after) + 1 :]
        return {"object": "list", "data": found[:limit], "has_more": len(found) > limit}

    def pay(self, provider_id: str, *, is_delayed: bool = False) -> None:
        """What the buyer does; a delayed method, a bank transfer say, has yet to `settle`."""
        if self.get(provider_id)["status"] not in CANCELABLE | {"open"}:
            raise RefusedError(400, "It can be paid no more.")
        self._find_intent(provider_id)["status"] = "processing"
        if is_delayed:
            return self._tell_session(provider_id, "checkout.session.completed", status="complete", url=None)
        self.settle(provider_id)
        self._tell_session(provider_id, "checkout.session.completed", status="complete", url=None)

    def settle(self, provider_id: str, *, is_paid: bool = True) -> None:
        """The money of a delayed payment comes, or does not."""
        intent, was_complete = self._find_intent(provider_id), self.get(provider_id)["status"] == "complete"
        if is_paid:
            charge = self._keep(
                "charge", "ch_", amount=intent["amount"], amount_refunded=0, currency=intent["currency"],
                payment_intent=intent["id"], metadata=intent["metadata"],
            )  # fmt: skip
            intent |= {
                "status": "succeeded",
                "amount_received": intent["amount"],
                "latest_charge": charge["id"],
            }
            self._tell(make_event("payment_intent.succeeded", intent))
        else:
            self.decline(provider_id)
        if is_session(provider_id):
            self.get(provider_id)["payment_status"] = "paid" if is_paid else "unpaid"
        if was_complete:
            self._tell_session(
                provider_id, f"checkout.session.async_payment_{'succeeded' if is_paid else 'failed'}"
            )

    def decline(self, provider_id: str) -> None:
        """The buyer's card is refused; another one may be tried."""
        intent = self._find_intent(provider_id)
        intent |= {"status": "requires_payment_method", "last_payment_error": {"code": "card_declined"}}
        self._tell(make_event("payment_intent.payment_failed", intent))

    def _tell_session(self, provider_id: str, event: str, **changes: Any) -> None:
        if is_session(provider_id):
            session = self.get(provider_id)
            session |= changes
            self._tell(make_event(event, session))

    def _find_intent(self, provider_id: str) -> Thing:
        """A session has one from the first try on, with the metadata that it was given for it."""
        thing = self.get(provider_id)
        if not is_session(provider_id):
            return thing
        if not thing["payment_intent"]:
            metadata = thing["asked"].get("payment_intent_data", {}).get("metadata", {})
            thing["payment_intent"] = self._make_intent(thing["amount_total"], thing["currency"], metadata)[
                "id"
            ]
        return self.get(thing["payment_intent"])

    def _make_intent(self, amount: int, currency: str, metadata: dict[str, str]) -> Thing:
        intent = self._keep(
            "payment_intent", "pi_", amount=amount, amount_received=0, currency=currency, metadata=metadata,
            status="requires_payment_method", latest_charge=None,
        )  # fmt: skip
        intent["client_secret"] = f"{intent['id']}_secret_{CANARY}{secrets.token_hex(8)}"
        return intent

    def _keep(self, kind: str, prefix: str, **fields: Any) -> Thing:
        thing = {
            "id": f"{prefix}{secrets.token_hex(12)}",
            "object": kind,
            "created": int(time.time()),
            **fields,
        }
        return self.things.setdefault(thing["id"], thing)


def is_session(provider_id: str) -> bool:
    """Whether the id is one of a Checkout Session."""
    return provider_id.startswith("cs_")
