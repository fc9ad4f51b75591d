"""A real sandbox process, a sink for its webhooks, and what a buyer does there."""

import http.client
import json
import os
import shutil
import signal
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import Popen
from typing import Any
from urllib.parse import urlsplit

from core.infra.settings import Settings
from core.payments.providers.interface import Charge, Offer, Patience, Provider
from core.payments.providers.sandbox import WEBHOOK_PATH, derive_keys, make_sandbox
from core.payments.states import Method
from local.embedded import find_free_port
from proof.sink import Received, Sink, run_sink
from tests.support import HANGS_SECONDS, SECRET, start_process, wait_for_http, wait_until

KEYS = derive_keys(SECRET)
PATIENT = Patience(seconds=HANGS_SECONDS, retries=0)
# It needs neither, and reads all settings.
SERVERS = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "REDIS_URL": "redis://127.0.0.1:1/0"}


class Answer:
    """What the sandbox answered."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status, self.headers, self.body = response.status, response.headers, response.read()

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


class Sandbox:
    """A sandbox on its own folder; it can be killed and started again."""

    def __init__(self, folder: Path, sink: Sink) -> None:
        self.folder, self.sink, self.port = folder, sink, find_free_port()
        self.log = folder / "log"
        self.variables = {
            **SERVERS,
            "SEATLINE_SECRET": SECRET,
            "SEATLINE_HOME": str(folder / "home"),
            "SANDBOX_PORT": str(self.port),
            "PORT": str(urlsplit(sink.url).port),
            "PAYMENT_PROVIDER": "sandbox",
        }
        self.provider = self.make_provider(PATIENT)
        self.process: Popen[bytes]

    def start(self) -> None:
        self.process = start_process("sandbox", self.variables, log=self.log)
        wait_for_http(f"http://127.0.0.1:{self.port}/")

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def make_provider(self, patience: Patience) -> Provider:
        settings = Settings(
            database_url=SERVERS["DATABASE_URL"],
            redis_url=SERVERS["REDIS_URL"],
            seatline_secret=SECRET,
            sandbox_port=self.port,
        )
        return make_sandbox(settings, patience)

    def offer(self, **changes: Any) -> Offer:
        return self.provider.create(make_charge(**changes))

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Its answer; a body that is no text is sent as JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=HANGS_SECONDS)
        data = body if body is None or isinstance(body, str | bytes) else json.dumps(body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, data, {"Content-Type": "application/json", **named})
        answer = Answer(connection.getresponse())
        connection.close()
        return answer

    def visit(self, offer: Offer, action: str = "", body: Any = None, **headers: str) -> Answer:
        """What a buyer's page says, or what its button does."""
        path = urlsplit(offer.checkout_url or "").path
        if action:
            return self.ask("POST", f"{path}/{action}", body, **headers)
        return self.ask("GET", path, **headers)

    def pay(self, offer: Offer, **choice: Any) -> None:
        assert self.visit(offer, "pay", choice).status == 200

    def show(self, offer: Offer) -> Any:
        return self.visit(offer, Accept="application/json").json

    def put_faults(self, **faults: Any) -> None:
        """Faults on purpose, in place of all others."""
        answer = self.ask("PUT", "/faults", faults, Authorization=f"Bearer {KEYS.api}")
        assert answer.status == 200

    @contextmanager
    def faulty(self, **faults: Any) -> Iterator[None]:
        """Faults on purpose, until the end."""
        self.put_faults(**faults)
        try:
            yield
        finally:
            self.put_faults(seconds=0)

    def received(self, offer: Offer) -> list[Received]:
        """The webhooks that came about a payment."""
        return [
            each
            for each in self.sink.at(WEBHOOK_PATH)
            if each.event["payment"]["provider_id"] == offer.provider_id
        ]

    def await_received(self, offer: Offer, count: int) -> list[Received]:
        wait_until(lambda: len(self.received(offer)) >= count)
        return self.received(offer)

    def list_types(self, offer: Offer) -> list[str]:
        return [each.event["type"] for each in self.received(offer)]


def make_charge(**changes: Any) -> Charge:
    """Of 123.45 EUR, payable for a while."""
    charge = Charge(
        payment_id=uuid.uuid4(),
        booking_id=uuid.uuid4(),
        amount=12_345,
        currency="EUR",
        description="Two seats",
        method=Method.CHECKOUT,
        return_url="https://tickets.example/bookings?id=1&from=sandbox",
        expires_at=datetime.now(UTC) + timedelta(minutes=10),
    )
    return replace(charge, **changes)


@contextmanager
def run_sandbox() -> Iterator[Sandbox]:
    """A sandbox, started; gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix="seatline-sandbox-"))
    with run_sink() as sink:
        sandbox = Sandbox(folder, sink)
        sandbox.start()
        try:
            yield sandbox
        finally:
            sandbox.kill()
    shutil.rmtree(folder)
