"""Events, and how Stripe signs them."""

import copy
import json
import secrets
import time
from typing import Any

import stripe


def make_event(kind: str, thing: dict[str, Any]) -> dict[str, Any]:
    """An event about a thing as it is now, which is told by ids alone of what belongs to it."""
    told = {name: value for name, value in copy.deepcopy(thing).items() if name != "asked"}
    return {
        "id": f"evt_{secrets.token_hex(12)}", "object": "event", "api_version": "2026-01-01", "type": kind,
        "created": int(time.time()), "livemode": False, "pending_webhooks": 1, "data": {"object": told},
    }  # fmt: skip


def sign(body: str, *secrets_of: str, at: int | None = None) -> str:
    """The header Stripe-Signature; of several secrets while one takes the place of another."""
    at = int(time.time()) if at is None else at
    headers = [stripe.WebhookSignature.generate_signature_header(body, each, at) for each in secrets_of]
    return ",".join([f"t={at}", *(header.partition(",")[2] for header in headers)])


def write(event: dict[str, Any]) -> str:
    """Its body, as Stripe spaces it."""
    return json.dumps(event, indent=2)
