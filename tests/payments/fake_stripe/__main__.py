"""This Stripe as a process: python -m tests.payments.fake_stripe --port 8011 --webhook http://…/webhooks/stripe

It runs until it is told to stop. What buyers and their banks do is done by POST /control/{verb}/{id}: see
control.py.
"""

import argparse
import signal
import threading

from tests.payments.fake_stripe.postman import Postman
from tests.payments.fake_stripe.server import API_KEY, WEBHOOK_SECRET, FakeStripe


def main() -> None:
    """Serve, until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(prog="fake_stripe")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--webhook", help="where events are sent")
    parser.add_argument("--api-key", default=API_KEY)
    parser.add_argument("--webhook-secret", default=WEBHOOK_SECRET)
    given = parser.parse_args()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    postman = Postman(given.webhook, given.webhook_secret) if given.webhook else None
    with FakeStripe(port=given.port, postman=postman, api_key=given.api_key).run() as stripe:
        print(stripe.url, flush=True)  # noqa: T201 (whoever chose no port reads it)
        stop.wait()


if __name__ == "__main__":
    main()
