"""The sandbox as a payment provider: a process on this machine (`sandbox/`), where play money is paid."""

import base64
import hmac
import http.client
import json
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode
from uuid import UUID

from pydantic import BaseModel, TypeAdapter
from standardwebhooks import Webhook, WebhookVerificationError

from core.infra.settings import Settings
from core.payments.errors import InvalidSignatureError, ProviderRefusedError, ProviderUnavailableError
from core.payments.providers.interface import Charge, Notice, Offer, Patience, Provider, Report

# The sandbox listens on loopback only: play money is for development on one machine.
ADDRESS = "127.0.0.1"
# Another secret than ours, which an operator mends, and too many calls say nothing of the payment.
PASSING = frozenset({401, 429})
# Where it sends its webhooks to.
WEBHOOK_PATH = "/payments/webhooks/sandbox"
# What failed on the way is repeated after this: the process may just be starting again.
PAUSE_SECONDS = 0.1
_report = TypeAdapter(Report)


class Keys(NamedTuple):
    """What Seatline and the sandbox know each other by; `webhook` as Standard Webhooks writes it."""

    api: str
    webhook: str


def derive_keys(secret: str) -> Keys:
    """Both keys out of SEATLINE_SECRET, so that the sandbox needs no variables of its own.

    Without a secret, as in development it may be, everybody knows them.
    """
    api, webhook = (
        hmac.digest(secret.encode(), f"sandbox {purpose}".encode(), "sha256") for purpose in Keys._fields
    )
    return Keys(api.hex(), "whsec_" + base64.b64encode(webhook).decode())


class _Event(BaseModel):
    id: str
    type: str
    payment: Report


class SandboxProvider:
    """The sandbox, over HTTP. It offers a page, whichever method is asked for."""

    name = "sandbox"

    def __init__(self, *, port: int, keys: Keys, patience: Patience) -> None:
        self._port, self._keys, self._patience = port, keys, patience

    def create(self, charge: Charge) -> Offer:
        """Offer a payment to the buyer; the same offer for the same `payment_id`."""
        body = {
            "payment_id": str(charge.payment_id),
            "booking_id": str(charge.booking_id),
            "amount": charge.amount,
            "currency": charge.currency,
            "description": charge.description,
            "return_url": charge.return_url,
            "expires_at": charge.expires_at.isoformat(),
        }
        made = self._call("POST", "/payments", body)
        try:
            return Offer(provider_id=str(made["provider_id"]), checkout_url=str(made["checkout_url"]))
        except KeyError as error:
            raise ProviderUnavailableError("the sandbox's port answers, and not as the sandbox") from error

    def fetch(self, provider_id: str) -> Report:
        """The payment as it is now."""
        return self._read(self._call("GET", _find_path(provider_id)))

    def close(self, provider_id: str) -> Report:
        """Close the payment to its buyer, and report how it ended: it may have been paid just before."""
        return self._read(self._call("POST", f"{_find_path(provider_id)}/close"))

    def refund(self, provider_id: str, *, refund_id: UUID, amount: int, currency: str) -> None:
        """Give back so much; once for the same `refund_id`."""
        body = {"refund_id": str(refund_id), "amount": amount, "currency": currency}
        self._call("POST", f"{_find_path(provider_id)}/refunds", body)

    def list(self, since: datetime, until: datetime) -> Iterator[Report]:
        """All payments that were offered in this time, as they are now, in no order."""
        query = {"since": since.isoformat(), "until": until.isoformat()}
        while True:
            page = self._call("GET", f"/payments?{urlencode(query)}")
            yield from map(self._read, page.get("items", ()))
            if page.get("next") is None:
                return
            query["after"] = page["next"]

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> Notice:
        """What a webhook says; headers by their lower-case names, the body as it came.

        Raises InvalidSignatureError, and ValueError for a body that is signed and cannot be read.
        """
        try:
            Webhook(self._keys.webhook).verify(body, dict(headers), json_parse=False)
        # ValueError: the library takes headers and a body apart that may be no Base64, pairs or text.
        except (WebhookVerificationError, ValueError) as error:
            raise InvalidSignatureError("the webhook is not signed by the sandbox, or too old") from error
        event = _Event.model_validate_json(body)
        return Notice(id=event.id, type=event.type, report=event.payment)

    def _read(self, document: object) -> Report:
        try:
            return _report.validate_python(document)
        except ValueError as error:
            raise ProviderUnavailableError("the sandbox's port answers, and not as the sandbox") from error

    def _call(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        for _ in range(self._patience.retries):
            try:
                return self._ask(method, path, body)
            except ProviderUnavailableError:
                time.sleep(PAUSE_SECONDS)
        return self._ask(method, path, body)

    def _ask(self, method: str, path: str, body: object) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._keys.api}", "Content-Type": "application/json"}
        # Not urllib.request, which would go by way of the machine's proxy.
        connection = http.client.HTTPConnection(ADDRESS, self._port, timeout=self._patience.seconds)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise ProviderUnavailableError(f"the sandbox gives no answer ({type(error).__name__})") from error
        finally:
            connection.close()
        if 400 <= answer.status < 500 and answer.status not in PASSING:
            raise ProviderRefusedError(
                f"the sandbox answers {answer.status}: {text[:500].decode(errors='replace')}"
            )
        if not 200 <= answer.status < 300:
            raise ProviderUnavailableError(f"the sandbox answers {answer.status}")
        return _parse_object(text)


def make_sandbox(settings: Settings, patience: Patience) -> Provider:
    """The sandbox that these settings lead to."""
    keys = derive_keys(settings.seatline_secret)
    return SandboxProvider(port=settings.sandbox_port, keys=keys, patience=patience)


def _find_path(provider_id: str) -> str:
    return f"/payments/{quote(provider_id, safe='')}"


def _parse_object(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ProviderUnavailableError("the sandbox's port answers, and not as the sandbox")
    return found
