"""The HTTP of it: keys, idempotency, expanding, faults that a test switches on, and webhooks on their way."""

import copy
import json
import re
import secrets
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tests.canary import CANARY
from tests.payments.fake_stripe.control import control
from tests.payments.fake_stripe.forms import parse_form
from tests.payments.fake_stripe.ledger import Ledger
from tests.payments.fake_stripe.postman import Postman
from tests.payments.fake_stripe.refusals import RefusedError

API_KEY, WEBHOOK_SECRET = f"sk_test_{CANARY}", f"whsec_{CANARY}"
Body = dict[str, Any]
# Longer than any client of a test waits.
HANGS_SECONDS = 30
LISTED = {"checkout/sessions": "checkout.session", "payment_intents": "payment_intent", "refunds": "refund"}


class Reply(NamedTuple):
    """What is sent back; None for a body: the connection is cut."""

    status: int
    body: Body | None
    headers: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Asked:
    """A request, as it came."""

    method: str
    path: str
    params: Body
    key: str | None
    headers: dict[str, str] = field(repr=False)


# What may go wrong before anything is done, and after it was.
BEFORE = {
    "429": Reply(
        429, {"error": {"type": "invalid_request_error", "code": "rate_limit", "message": "Slower"}}
    ),
    "lock_timeout": Reply(
        429, {"error": {"type": "invalid_request_error", "code": "lock_timeout", "message": "Locked"}}
    ),
    "conflict": Reply(
        409,
        {"error": {"type": "idempotency_error", "code": "idempotency_key_in_use", "message": "Under way"}},
    ),
    "424": Reply(424, {"error": {"type": "api_error", "message": "Somebody else is down"}}),
    "503": Reply(503, {"error": {"type": "api_error", "message": "Down"}}),
    "balance": Reply(
        400, {"error": {"type": "invalid_request_error", "code": "balance_insufficient", "message": "Empty"}}
    ),
    "forbidden": Reply(403, {"error": {"type": "invalid_request_error", "message": "The key lacks a right"}}),
    "page": Reply(200, {}),
    "cut": Reply(0, None),
}
# 500 is saved for the idempotency key, and so comes again, whatever was done.
AFTER = {
    "500_after": Reply(
        500, {"error": {"type": "api_error", "message": "An error"}}, {"Stripe-Should-Retry": "false"}
    ),
    "cut_after": Reply(0, None),
}


class FakeStripe:
    """The server, on a port of its own at 127.0.0.1 unless one is named, in threads of this process."""

    def __init__(self, *, port: int = 0, postman: Postman | None = None, api_key: str = API_KEY) -> None:
        self.events: list[Body] = []
        self.asked: list[Asked] = []
        self._postman, self._api_key = postman, api_key
        self._faults: list[str] = []
        self._saved: dict[str, tuple[tuple[str, str], Reply]] = {}
        self._released = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _make_handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.ledger = Ledger(self._note, self.url)

    @contextmanager
    def run(self) -> Iterator["FakeStripe"]:
        """It answers until the end of the block."""
        thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield self
        finally:
            self._released.set()
            self._server.shutdown()
            thread.join()
            self._server.server_close()

    def fail(self, *faults: str) -> None:
        """The next requests meet these, one each: see BEFORE and AFTER, and `hang`."""
        self._faults.extend(faults)

    def forget_keys(self) -> None:
        """A day goes by: Stripe prunes idempotency keys."""
        self._saved.clear()

    def answer(self, asked: Asked) -> Reply:
        """What Stripe would."""
        if asked.path.startswith("/control/"):
            return self._try(lambda: control(self.ledger, self._postman, asked.path, asked.params))[0]
        self.asked.append(asked)
        fault = self._faults.pop(0) if self._faults else None
        if fault == "hang":
            self._released.wait(HANGS_SECONDS)
        if fault in BEFORE:
            return BEFORE[fault]
        if asked.headers.get("authorization") != f"Bearer {self._api_key}":
            told = {"type": "invalid_request_error", "message": "Invalid API Key provided: sk_test_****ells"}
            return Reply(401, {"error": told})
        with self.ledger.lock:
            reply = self._answer_once(asked, AFTER.get(fault or ""))
        return AFTER[fault] if fault == "cut_after" else reply

    def _answer_once(self, asked: Asked, fault: Reply | None) -> Reply:
        if asked.method != "POST" or not asked.key:
            return self._try(lambda: self._find(asked))[0]
        words = asked.path, json.dumps(asked.params)
        if known := self._saved.get(asked.key):
            if known[0] != words:
                told = "Keys for idempotent requests can only be used with the same parameters."
                return Reply(400, {"error": {"type": "idempotency_error", "message": told}})
            return known[1]._replace(headers={"Idempotent-Replayed": "true"})
        reply, is_saved = self._try(lambda: self._find(asked))
        if fault and fault.body:
            reply = fault
        if is_saved:
            self._saved[asked.key] = words, reply
        return reply

    def _try(self, act: Callable[[], Body]) -> tuple[Reply, bool]:
        """The reply, and whether its idempotency key gets it again."""
        try:
            return Reply(200, act()), True
        except RefusedError as refused:
            return Reply(refused.status, refused.body), refused.is_saved

    def _find(self, asked: Asked) -> Body:
        """A copy: what was found may change, and what is saved of it must not."""
        return copy.deepcopy(self._render(self._route(asked), asked.params.get("expand", [])))

    def _route(self, asked: Asked) -> Body:
        match = re.fullmatch(
            r"/v1/(checkout/sessions|payment_intents|refunds)(?:/(\w+))?(?:/(\w+))?", asked.path
        )
        kind, name, action = match.groups() if match else ("", None, None)
        ledger = self.ledger
        creating = {
            "checkout/sessions": ledger.create_session,
            "payment_intents": ledger.create_intent,
            "refunds": ledger.create_refund,
        }
        acting = {
            "checkout/sessions/expire": ledger.expire_session,
            "payment_intents/cancel": ledger.cancel_intent,
        }
        if kind and asked.method == "GET" and not action:
            if name:
                return ledger.get(name, LISTED[kind])
            return ledger.find(LISTED[kind], asked.params) | {"url": asked.path}
        if kind and asked.method == "POST" and not name:
            return creating[kind](asked.params)
        if asked.method == "POST" and name and (act := acting.get(f"{kind}/{action}")):
            return act(name, asked.params)
        raise RefusedError(404, f"Unrecognized request URL ({asked.method}: {asked.path}).", is_saved=False)

    def _render(self, thing: Body, expand: list[str]) -> Body:
        """Without what is ours, and with what was asked for in place of its id."""
        made = {name: value for name, value in thing.items() if name != "asked"}
        inner: dict[str, list[str]] = {"data": []} if made["object"] == "list" else {}
        for path in expand:
            name, _, rest = path.partition(".")
            inner.setdefault(name, []).extend([rest] if rest else [])
        for name, paths in inner.items():
            if isinstance(made.get(name), list):
                made[name] = [self._render(each, paths) for each in made[name]]
            elif name not in made:
                told = f"This property cannot be expanded ({name})."
                raise RefusedError(400, told, param="expand", is_saved=False)
            elif made[name]:
                made[name] = self._render(self.ledger.get(made[name]), paths)
        return made

    def _note(self, event: Body) -> None:
        self.events.append(event)
        if self._postman:
            self._postman.send(event)


def _make_handler(fake: FakeStripe) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # A reply is one packet: else the client's kernel holds its acknowledgement back.
        wbufsize = -1

        def do_GET(self) -> None:
            self._serve(urlsplit(self.path).query)

        def do_POST(self) -> None:
            self._serve(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())

        def _serve(self, form: str) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            path, key = urlsplit(self.path).path, headers.get("idempotency-key")
            reply = fake.answer(Asked(self.command, path, parse_form(form), key, headers))
            if reply.body is None:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            body = json.dumps(reply.body).encode() if reply.body else b"<html>a proxy</html>"
            self.send_response(reply.status)
            sent = {"Content-Type": "application/json", "Content-Length": str(len(body)), **reply.headers}
            for name, value in (sent | {"Request-Id": f"req_{secrets.token_hex(7)}"}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing: a test reads `asked`."""

    return Handler
