"""One attempt: signed, never redirected, never to a private address, never for long."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler

import pytest
from standardwebhooks import WebhookVerificationError

from core.webhooks import sending
from core.webhooks.rules import Attempt, Outcome
from core.webhooks.sending import end_attempts, send_event
from core.webhooks.service import _make_secret
from local.embedded import find_free_port
from proof.sink import Sink
from tests.measuring import measured
from tests.support import run_deaf_port, run_silent_port, wait_until

ID = "0199aaaa-0000-7000-8000-000000000000"
BODY = '{"name":"Zoë"}'.encode()


def send(url: str, *secrets: str) -> Attempt:
    return send_event(url, BODY, event_id=ID, secrets=secrets or (_make_secret(),)).attempt


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
        connect = sending._connect

        def connect_late(host: str, port: int) -> socket.socket:
            wait_until(lambda: time.monotonic() > started_at + 1)
            return connect(host, port)

        monkeypatch.setattr(sending, "_connect", connect_late)
        monkeypatch.setattr(sending, "LONGEST_SECONDS", 0.2)
        started_at = time.monotonic()
        with run_silent_port() as port, measured() as took:
            assert send(f"http://127.0.0.1:{port}/").outcome is Outcome.FAILED
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
        assert send("http://no-such-host.invalid/").error == "no answer (gaierror)"


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

    def test_what_is_judged_is_what_is_connected_to(
        self, sink: Sink, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A name that answers with a public address when it is asked first, and a private one after."""
        port = int(sink.url.rpartition(":")[2])
        answers = iter(["192.0.2.1", "127.0.0.1"])

        def resolve(*_: object, **__: object) -> list[tuple[object, ...]]:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

        monkeypatch.setattr(sending, "is_public", lambda address: address == "192.0.2.1")
        monkeypatch.setattr(sending, "CONNECT_SECONDS", 0.2)
        monkeypatch.setattr(sending.socket, "getaddrinfo", resolve)
        assert send(f"http://rebinding.example:{port}/").outcome is Outcome.FAILED
        assert sink.received == []
