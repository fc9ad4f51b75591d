"""The threads that send webhooks, each until Seatline takes it."""

import http.client
import logging
import threading
import time
from datetime import UTC, datetime

from standardwebhooks import Webhook

from core.payments.providers.sandbox import WEBHOOK_PATH
from sandbox.ledger import Event, Ledger

log = logging.getLogger(__name__)

# So many at once, so that one that hangs does not hold the others up.
THREADS = 4
ANSWER_SECONDS = 10
LONGEST_PAUSE_SECONDS = 60
# What was not taken for so long never will be: the database that knew of it is gone.
TRIED_FOR_SECONDS = 3 * 24 * 3600


class Sender:
    """Sends what is due in the books to one address, signed."""

    def __init__(self, ledger: Ledger, *, host: str, port: int, secret: str) -> None:
        self._ledger, self._host, self._port, self._signer = ledger, host, port, Webhook(secret)
        self._changed = threading.Condition()
        self._at_hand: set[int] = set()
        ledger.wake = self._wake

    def start(self) -> None:
        """Send in threads, until this process ends."""
        for number in range(THREADS):
            threading.Thread(target=self._work, name=f"webhooks-{number}", daemon=True).start()

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify()

    def _work(self) -> None:
        while True:
            try:
                self._send_next()
            except Exception:
                log.exception("a webhook could not be settled")
                time.sleep(1)

    def _send_next(self) -> None:
        event = self._take()
        try:
            self._settle(event, is_taken=self._send(event))
        finally:
            with self._changed:
                self._at_hand.discard(event.number)

    def _take(self) -> Event:
        """The next event that is due and not being sent."""
        with self._changed:
            while True:
                following = self._ledger.list_next_events(THREADS)
                event = next((each for each in following if each.number not in self._at_hand), None)
                # A clock that is set meanwhile is noticed after the longest pause.
                wait = min(event.due_at - time.time(), LONGEST_PAUSE_SECONDS) if event else None
                if event and wait is not None and wait <= 0:
                    self._at_hand.add(event.number)
                    # Another thread looks after what comes next.
                    self._changed.notify()
                    return event
                self._changed.wait(wait)

    def _settle(self, event: Event, *, is_taken: bool) -> None:
        now = time.time()
        if is_taken:
            self._ledger.forget(event)
        elif now - event.created_at > TRIED_FOR_SECONDS:
            log.warning("a webhook is given up", extra={"event_id": event.event_id})
            self._ledger.forget(event)
        else:
            self._ledger.put_off(event, due_at=now + min(2 ** min(event.tries, 6), LONGEST_PAUSE_SECONDS))

    def _send(self, event: Event) -> bool:
        sent_at = datetime.now(UTC)
        headers = {
            "Content-Type": "application/json",
            "webhook-id": event.event_id,
            "webhook-timestamp": str(int(sent_at.timestamp())),
            "webhook-signature": self._signer.sign(event.event_id, sent_at, event.body),
        }
        connection = http.client.HTTPConnection(self._host, self._port, timeout=ANSWER_SECONDS)
        try:
            connection.request("POST", WEBHOOK_PATH, event.body, headers)
            return 200 <= connection.getresponse().status < 300
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
