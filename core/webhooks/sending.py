"""One attempt: an event, signed, to one address that was checked, within a bounded time."""

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from standardwebhooks import Webhook

from core.events.publisher import CONTENT_TYPE
from core.infra import tracing
from core.infra.settings import get_settings
from core.webhooks.rules import Attempt, Outcome, Sent, judge_answer
from core.webhooks.targets import DEFAULT_PORTS, is_public

# A receiver that does not take the connection in 3 s, or is silent for 10 s, is not there.
CONNECT_SECONDS, SILENCE_SECONDS = 3, 10
# Whatever it does meanwhile, an attempt ends after this: a byte now and then must not keep it open.
LONGEST_SECONDS = 15
# How soon an attempt that has had its time is cut.
LOOK_SECONDS = 0.5
# Nothing in an answer's body matters; a little of it is read, so that the receiver may finish.
ANSWER_BYTES = 4096
# Of a host's addresses so many are tried.
MAX_ADDRESSES = 3

# What a host's name leads to, as socket.getaddrinfo tells it.
Found = Sequence[tuple[Any, ...]]
Connect = Callable[[str, int], socket.socket]

_ending = threading.Event()


def end_attempts() -> None:
    """Have every attempt cut within LOOK_SECONDS, as if its time were up: this process is about to stop."""
    _ending.set()


class PrivateAddressError(OSError):
    """The endpoint's name leads to no public address."""


def resolve(host: str, port: int) -> Found:
    """The host's addresses. Raises OSError."""
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


def may_be_told(address: str) -> bool:
    """Whether the operator lets endpoints be at this address."""
    return get_settings().webhook_allow_private or is_public(address)


def connect_to(
    host: str,
    port: int,
    *,
    find: Callable[[str, int], Found] = resolve,
    is_allowed: Callable[[str], bool] = may_be_told,
) -> socket.socket:
    """A connection to the first of the host's allowed addresses that takes it. Raises OSError.

    The very address that was judged is the one connected to: asked twice, a name may answer otherwise.
    """
    found = find(host, port)
    allowed = [entry for entry in found if is_allowed(str(entry[4][0]))]
    if found and not allowed:
        raise PrivateAddressError(
            "the host has no public address, and WEBHOOK_ALLOW_PRIVATE is not set to allow others"
        )
    failure: OSError | None = None
    for family, kind, protocol, _, address in allowed[:MAX_ADDRESSES]:
        connection = socket.socket(family, kind, protocol)
        connection.settimeout(CONNECT_SECONDS)
        try:
            connection.connect(address)
        except OSError as error:
            connection.close()
            failure = error
            continue
        connection.settimeout(SILENCE_SECONDS)
        return connection
    raise failure or OSError("the endpoint's host has no address")


def send_event(
    url: str, body: bytes, *, event_id: str, secrets: Sequence[str], connect: Connect = connect_to
) -> Sent:
    """POST the event as Standard Webhooks says, signed with each of the secrets; raises nothing."""
    sent_at, began = datetime.now(UTC), time.monotonic()
    signatures = [Webhook(secret).sign(event_id, sent_at, body.decode()) for secret in secrets]
    headers = {
        # Without a charset: the JavaScript SDK of CloudEvents looks for this very text.
        "Content-Type": CONTENT_TYPE,
        "User-Agent": "Seatline",
        "webhook-id": event_id,
        "webhook-timestamp": str(int(sent_at.timestamp())),
        "webhook-signature": " ".join(signatures),
        **tracing.to_headers(),
    }
    attempt = _try(url, body, headers, connect)
    return Sent(sent_at, round((time.monotonic() - began) * 1000), attempt)


def _try(url: str, body: bytes, headers: dict[str, str], connect: Connect) -> Attempt:
    try:
        return _post(url, body, headers, connect)
    except PrivateAddressError as error:
        return Attempt(Outcome.FAILED, str(error))
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Attempt(Outcome.FAILED, _describe(error))


def _describe(error: Exception) -> str:
    # What a library says may quote an address inside the house; its kind says enough.
    return f"no answer ({type(error).__name__})"


def _post(url: str, body: bytes, headers: dict[str, str], connect: Connect) -> Attempt:
    parts = urlsplit(url)
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    # Without a port, http.client would take the end of an IPv6 address for one.
    port = parts.port or DEFAULT_PORTS[parts.scheme]
    connection = _make_connection(parts.scheme, str(parts.hostname), port, connect)
    with _cut_off_late(connection):
        try:
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            attempt = judge_answer(answer.status, answer.headers.get("Retry-After"), now=datetime.now(UTC))
            # ValueError: a chunk of a negative length.
            with suppress(OSError, ValueError, http.client.HTTPException):
                answer.read(ANSWER_BYTES)
            return attempt
        finally:
            connection.close()


@contextmanager
def _cut_off_late(connection: "_PlainConnection | _TlsConnection") -> Iterator[None]:
    ends_at, done = time.monotonic() + LONGEST_SECONDS, threading.Event()

    def watch() -> None:
        # Again and again: there is no socket yet where a name or an address takes as long.
        while not done.wait(LOOK_SECONDS):
            if _ending.is_set() or time.monotonic() > ends_at:
                # Whoever reads or writes on it fails at once.
                with suppress(OSError, AttributeError):
                    connection.wire.shutdown(socket.SHUT_RDWR)

    threading.Thread(target=watch, name="webhook-limit", daemon=True).start()
    try:
        yield
    finally:
        done.set()


def _make_connection(
    scheme: str, host: str, port: int, connect: Connect
) -> "_PlainConnection | _TlsConnection":
    return _PlainConnection(host, port, connect) if scheme == "http" else _TlsConnection(host, port, connect)


# Both keep their socket as `wire`, to be cut off by: `sock` is gone while a body is read that ends with it.
class _PlainConnection(http.client.HTTPConnection):
    def __init__(self, host: str, port: int, connect: Connect) -> None:
        super().__init__(host, port)
        self._reach = connect

    def connect(self) -> None:
        self.sock = self.wire = self._reach(self.host, self.port)


class _TlsConnection(http.client.HTTPSConnection):
    def __init__(self, host: str, port: int, connect: Connect) -> None:
        super().__init__(host, port)
        self._reach = connect

    def connect(self) -> None:
        context = ssl.create_default_context()
        # The handshake comes once there is a wire to cut: it, too, may be drawn out.
        self.sock = self.wire = context.wrap_socket(
            self._reach(self.host, self.port), server_hostname=self.host, do_handshake_on_connect=False
        )
        self.wire.do_handshake()
