"""The sandbox as buyers know it, and its books as an auditor reads them."""

import http.client
import json
import sqlite3
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from standardwebhooks import Webhook

from bench.client import Client
from core.errors import UnavailableError
from core.infra.settings import get_settings
from core.payments.errors import ProviderRefusedError
from core.payments.providers.interface import Patience, Report
from core.payments.providers.sandbox import ADDRESS, Keys, SandboxProvider, derive_keys
from sandbox.serving import FILE

# A buyer's browser waits so long; an auditor has time.
BUYER_SECONDS, AUDITOR = 5.0, Patience(seconds=10, retries=2)


class Till:
    """The sandbox at a port, with its books in a folder."""

    def __init__(self, port: int, folder: Path) -> None:
        self.port, self._books = port, folder / FILE
        self.url = f"http://{ADDRESS}:{port}"

    @property
    def _keys(self) -> Keys:
        return derive_keys(get_settings().seatline_secret)

    @property
    def provider(self) -> SandboxProvider:
        """The sandbox as Seatline calls it."""
        return SandboxProvider(port=self.port, keys=self._keys, patience=AUDITOR)

    def press(self, checkout_url: str, button: str, **choice: Any) -> bool:
        """Whether `pay` or `decline` was answered; where it was not, it may have been done all the same."""
        client = Client(self.url, timeout_seconds=BUYER_SECONDS)
        try:
            path = f"{urlsplit(checkout_url).path}/{button}"
            return client.call("POST", path, choice, Accept="application/json").status == 200
        except (OSError, http.client.HTTPException, ValueError):
            return False
        finally:
            client.close()

    def put_faults(self, **faults: Any) -> None:
        """Have these go wrong on purpose. Raises AssertionError where it does not answer."""
        client = Client(self.url, timeout_seconds=BUYER_SECONDS)
        key = f"Bearer {self._keys.api}"
        if client.call("PUT", "/faults", faults, Authorization=key).status != 200:
            raise AssertionError("the sandbox takes no faults")
        client.close()

    def tell(self, checkout_url: str) -> dict[str, Any] | None:
        """A webhook about a payment as it is now, unsigned; None where the sandbox does not answer."""
        try:
            report = self.provider.fetch(urlsplit(checkout_url).path.rpartition("/")[2])
        except (UnavailableError, ProviderRefusedError):
            return None
        return make_event(report)

    def sign(self, event: dict[str, Any]) -> dict[str, str]:
        """The headers of a webhook whose body is this event as json.dumps() writes it."""
        return sign(event, self._keys.webhook)

    def alter(self, checkout_url: str, column: str, value: Any) -> None:
        """Write something else into the books about a payment, as if that had been asked."""
        provider_id = urlsplit(checkout_url).path.rpartition("/")[2]
        with closing(sqlite3.connect(self._books, timeout=BUYER_SECONDS)) as books, books:
            books.execute(f"UPDATE payments SET {column} = ? WHERE provider_id = ?", (value, provider_id))

    def read_refunds(self) -> dict[str, int]:
        """Every refund that was taken, by Seatline's id of it."""
        return dict(self._read("SELECT refund_id, amount FROM refunds"))

    def count_unsent(self) -> int:
        """The webhooks that have yet to be taken."""
        return int(self._read("SELECT count(*) FROM events")[0][0])

    def empty(self) -> None:
        """Begin new books."""
        with closing(sqlite3.connect(self._books, timeout=BUYER_SECONDS)) as books, books:
            for table in ("events", "refunds", "payments"):
                books.execute(f"DELETE FROM {table}")

    def _read(self, query: str) -> list[Any]:
        with closing(sqlite3.connect(self._books, timeout=BUYER_SECONDS)) as books:
            return books.execute(query).fetchall()


def make_event(report: Report) -> dict[str, Any]:
    """The webhook that tells this of a payment."""
    told = {name: value if value is None else str(value) for name, value in asdict(report).items()}
    amounts = {"amount": report.amount, "refunded_amount": report.refunded_amount}
    return {"id": f"evt_{uuid4().hex}", "type": f"payment.{report.status}", "payment": {**told, **amounts}}


def sign(event: dict[str, Any], secret: str) -> dict[str, str]:
    """The headers of a webhook that is signed by this secret; names with underscores."""
    now = datetime.now(UTC)
    return {
        "webhook_id": event["id"],
        "webhook_timestamp": str(int(now.timestamp())),
        "webhook_signature": Webhook(secret).sign(event["id"], now, json.dumps(event)),
    }
