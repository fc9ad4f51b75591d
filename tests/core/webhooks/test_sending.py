"""One attempt: signed, never redirected, never to a private address, never for long."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from standardwebhooks import WebhookVerificationError

from core.webhooks import sending
from core.webhooks.rules import Attempt, Outcome
from core.webhooks.sending import Connect, connect_to, end_attempts, send_event
from core.webhooks.service import _make_secret
from local.embedded import find_free_port
from proof.sink import Sink
from tests.measuring import measured
from tests.support import run_deaf_port, run_silent_port, wait_until

ID = "0199aaaa-0000-7000-8000-000000000000"
BODY = '{"name":"Zoë"}'.encode()


def send(url: str, *, connect: Connect = connect_to) -> Attempt:
    return send_event(url, BODY, event_id=ID, secrets=(_make_secret(),), connect=connect).attempt


def to_entries(*addresses: str, port: int) -> list[tuple[Any, ...]]:
    """What a name that has these addresses leads to."""
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]


@pytest.mark.usefixtures("private")
class TestAllowed:
    def test_signed_by_both_secrets(self, sink: Sink) -> None:
        new, old = _make_secret(), _make_secret()
        began = datetime.now(UTC)
        sent = send_event(f"{sink.url}/path?query=1", BODY, event_id=ID, secrets=(new, old))
        assert sent.attempt == Attempt(Outcome.DELIVERED, status_code=204)
        assert began <= sent.at <= datetime.now(UTC)
        (received,) = sink.received
        assert (received.path, received.body) == ("/path?query=1", BODY)
        assert received.headers["webhook-id"] == ID
        assert received.headers["webhook-timestamp"] == str(int(sent.at.timestamp()))
        received.verify(new)
        received.verify(old)
        with pytest.raises(WebhookVerificationError):
            received.verify(_make_secret())

    def test_type_is_that_of_a_whole_cloud_event(self, sink: Sink) -> None:
        """To the letter: CloudEvents' SDK for JavaScript refuses it with `charset=UTF-8`."""
        send(sink.url)
        assert sink.received[0].headers["content-type"] == "application/cloudevents+json"

    def test_how_long_it_took(self, sink: Sink) -> None:
        def answer_late(handler: BaseHTTPRequestHandler) -> None:
            sink.let_go.wait(0.3)
            handler.send_response(500)
            handler.end_headers()

        sink.answers["/"] = answer_late
        with measured() as took:
            sent = send_event(sink.url, BODY, event_id=ID, secrets=(_make_secret(),))
        assert 300 <= sent.took_milliseconds <= took.wall * 1000 + 1

    @pytest.mark.parametrize("status", [302, 429, 503])
    def test_retry_after_as_a_date(self, sink: Sink, status: int) -> None:
        sink.answers["/"] = status
        sink.headers["Retry-After"] = format_datetime(datetime.now(UTC) + timedelta(minutes=2), usegmt=True)
        assert 115 < (send(sink.url).retry_after or 0) <= 120

    def test_redirect_is_not_followed(self, sink: Sink) -> None:
        sink.answers["/moved"] = 307
        sink.headers["Location"] = f"{sink.url}/elsewhere"
        assert send(f"{sink.url}/moved").error == "HTTP 307"
        assert [received.path for received in sink.received] == ["/moved"]

    @pytest.mark.parametrize("manner", ["hang", "drip"])
    def test_receiver_that_takes_its_time(
        self, sink: Sink, manner: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sending, "SILENCE_SECONDS", 0.3 if manner == "hang" else 60)
        monkeypatch.setattr(sending, "LONGEST_SECONDS", 0.5)
        sink.answers["/"] = getattr(sink, manner)
        with measured() as took:
            assert send(sink.url).outcome is Outcome.FAILED
        assert took.quiet < 3

    def test_body_that_takes_its_time(self, sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
        """It ends with the connection, which http.client lets go of before the body is read."""

        def drip(handler: BaseHTTPRequestHandler) -> None:
            handler.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n")
            for _ in range(100):
                handler.wfile.write(b"x")
                sink.let_go.wait(0.05)

        monkeypatch.setattr(sending, "LONGEST_SECONDS", 0.5)
        sink.answers["/"] = drip
        with measured() as took:
            assert send(sink.url).outcome is Outcome.DELIVERED
        assert took.quiet < 3

    def test_handshake_that_takes_its_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sending, "SILENCE_SECONDS", 8)
        monkeypatch.setattr(sending, "LONGEST_SECONDS", 0.5)
        with run_silent_port() as port, measured() as took:
            assert send(f"https://127.0.0.1:{port}/").outcome is Outcome.FAILED
        assert took.quiet < 3

    def test_receiver_that_takes_no_connection(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sending, "CONNECT_SECONDS", 0.3)
        with run_deaf_port() as port, measured() as took:
            assert send(f"http://127.0.0.1:{port}/").error == "no answer (TimeoutError)"
        assert took.wall >= 0.3
        assert took.quiet < 1

    def test_silence_after_a_connection_that_took_all_the_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The limit ran out while there was no socket yet: it still holds for the one that came of it."""

        def connect_late(host: str, port: int) -> socket.socket:
            wait_until(lambda: time.monotonic() > started_at + 1)
            return connect_to(host, port)

        monkeypatch.setattr(sending, "LONGEST_SECONDS", 0.2)
        started_at = time.monotonic()
        with run_silent_port() as port, measured() as took:
            assert send(f"http://127.0.0.1:{port}/", connect=connect_late).outcome is Outcome.FAILED
        assert took.quiet < 3

    def test_process_that_is_to_stop_cuts_what_goes_on(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sending, "_ending", threading.Event())
        with run_silent_port() as port, ThreadPoolExecutor(1) as pool, measured() as took:
            attempt = pool.submit(send, f"http://127.0.0.1:{port}/")
            end_attempts()
            assert attempt.result().outcome is Outcome.FAILED
        assert took.quiet < 3

    def test_endless_answer_is_not_read(self, sink: Sink) -> None:
        def pour(handler: BaseHTTPRequestHandler) -> None:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            while True:
                handler.wfile.write(b"x" * 65536)

        sink.answers["/"] = pour
        assert send(sink.url).outcome is Outcome.DELIVERED

    def test_nonsense_is_a_failure(self, sink: Sink) -> None:
        sink.answers["/"] = lambda handler: handler.wfile.write(b"\x00\x01nonsense\r\n\r\n") and None
        assert send(sink.url).outcome is Outcome.FAILED

    def test_nobody_there(self) -> None:
        assert send(f"http://127.0.0.1:{find_free_port()}/").error == "no answer (ConnectionRefusedError)"

    def test_name_that_leads_nowhere(self) -> None:
        def find(host: str, port: int) -> list[tuple[Any, ...]]:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        attempt = send("http://no-such-host.invalid/", connect=partial(connect_to, find=find))
        assert attempt.error == "no answer (gaierror)"


@pytest.mark.usefixtures("database")
class TestRefused:
    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]"])
    def test_private_address(self, sink: Sink, host: str) -> None:
        attempt = send(sink.url.replace("127.0.0.1", host))
        assert attempt.outcome is Outcome.FAILED
        assert attempt.status_code is None
        # A name's address is not told: it may be of the operator's own network.
        assert "WEBHOOK_ALLOW_PRIVATE" in str(attempt.error)
        assert "127.0.0.1" not in str(attempt.error)
        assert sink.received == []

    def test_what_is_judged_is_what_is_connected_to(self, sink: Sink) -> None:
        """A name that answers with an allowed address when it is asked first, and the sink's after."""
        asked: list[tuple[str, int]] = []

        def find(host: str, port: int) -> list[tuple[Any, ...]]:
            asked.append((host, port))
            return to_entries(["127.0.0.2", "127.0.0.1"][len(asked) - 1], port=port)

        connect = partial(connect_to, find=find, is_allowed=lambda address: address == "127.0.0.2")
        url = sink.url.replace("127.0.0.1", "rebinding.example")
        assert send(url, connect=connect).error == "no answer (ConnectionRefusedError)"
        assert asked == [("rebinding.example", int(sink.url.rpartition(":")[2]))]
        assert sink.received == []

    def test_private_ones_of_a_names_addresses_are_left_out(self, sink: Sink) -> None:
        judged: list[str] = []

        def is_allowed(address: str) -> bool:
            judged.append(address)
            return address == "127.0.0.1"

        addresses = "169.254.169.254", "10.0.0.1", "127.0.0.1", "192.168.0.1"
        connect = partial(
            connect_to, find=lambda _, port: to_entries(*addresses, port=port), is_allowed=is_allowed
        )
        url = sink.url.replace("127.0.0.1", "several.example")
        assert send(url, connect=connect).outcome is Outcome.DELIVERED
        assert judged == list(addresses)
        assert sink.received[0].headers["host"] == url.removeprefix("http://")

    @pytest.mark.parametrize("address", ["100.64.0.1", "168.63.129.16", "169.254.169.254", "192.0.0.192"])
    def test_name_that_leads_into_a_network(self, address: str) -> None:
        connect = partial(connect_to, find=lambda _, port: to_entries(address, port=port))
        assert "WEBHOOK_ALLOW_PRIVATE" in str(send("http://inside.example/", connect=connect).error)

    @pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f.1", "0177.0.0.1", "017700000001"])
    def test_address_in_a_form_that_registering_refuses(self, sink: Sink, host: str) -> None:
        """As of an endpoint that was registered before: its look-up, which needs no server, tells."""
        attempt = send(sink.url.replace("127.0.0.1", host))
        assert attempt.outcome is Outcome.FAILED
        assert sink.received == []

    @pytest.mark.parametrize(
        ("url", "asked"),
        [
            ("http://[2001:db8::7]/", ("2001:db8::7", 80)),
            ("https://[2001:db8::7]/", ("2001:db8::7", 443)),
            ("http://[2001:db8::7]:8080/", ("2001:db8::7", 8080)),
        ],
    )
    def test_end_of_an_address_is_no_port(self, url: str, asked: tuple[str, int]) -> None:
        found: list[tuple[str, int]] = []

        def find(host: str, port: int) -> list[tuple[Any, ...]]:
            found.append((host, port))
            return []

        send(url, connect=partial(connect_to, find=find))
        assert found == [asked]
