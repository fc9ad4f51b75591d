"""The sandbox at work: its books, its webhooks, and the server before both.

The server is Werkzeug's own, with a thread a connection, which is enough for one machine's play money:
granian would be two processes, of which the second outlives a first that is killed, and keeps the port.
"""

import logging
import os
import signal
import sqlite3
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import FrameType
from typing import Any

from flask import Flask
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from core.infra.log import configure_logging
from core.infra.ports import require_free_port
from core.infra.settings import Settings
from core.payments.providers.sandbox import ADDRESS, derive_keys
from sandbox.app import create_app
from sandbox.faults import Faults
from sandbox.ledger import Ledger
from sandbox.sender import Sender

log = logging.getLogger(__name__)

FILE = "sandbox.sqlite3"
# A connection that sends nothing, or takes nothing, for so long is closed.
SILENCE_SECONDS = 30
ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 (compared with, not bound)


class Handler(WSGIRequestHandler):
    """A connection."""

    timeout = SILENCE_SECONDS

    def run_wsgi(self) -> None:
        """Answer a request; 400 where its address is none, which Werkzeug would not answer at all."""
        try:
            super().run_wsgi()
        except ValueError:
            self.send_error(400)

    def log(self, *_: Any) -> None:
        """Log no request line: the sandbox is for development."""

    def log_request(self, *_: Any) -> None:
        """Nothing, nor take its address apart for that, which raises where it is none."""


class Server(ThreadedWSGIServer):
    """It listens once it is made."""

    # A crowd comes at once.
    request_queue_size = 1024

    def __init__(self, port: int, app: Flask) -> None:
        super().__init__(ADDRESS, port, app, Handler)


def serve(settings: Settings) -> None:
    """Serve until SIGTERM, which ends it at once: what was answered is on disk, the rest is asked again.

    Exits with one line where the port is taken, or there is no writing to its file.
    """
    configure_logging()
    require_free_port("SANDBOX_PORT", ADDRESS, settings.sandbox_port)
    keys, faults = derive_keys(settings.seatline_secret), Faults()
    with ExitStack() as stack:
        home = os.environ.get("SEATLINE_HOME") or stack.enter_context(tempfile.TemporaryDirectory())
        ledger = _open_ledger(Path(home), faults)
        address = f"http://{ADDRESS}:{settings.sandbox_port}"
        server = Server(settings.sandbox_port, create_app(ledger, faults, keys=keys, address=address))
        host = ADDRESS if settings.host in ANY_ADDRESS else settings.host
        Sender(ledger, host=host, port=settings.port, secret=keys.webhook).start()
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, _leave)
        log.info(f"the sandbox is at {address}")
        server.serve_forever()


def _open_ledger(home: Path, faults: Faults) -> Ledger:
    # The file has the checkout ids, which are all that it takes to pay.
    os.umask(0o077)
    try:
        home.mkdir(parents=True, exist_ok=True)
        return Ledger(home / FILE, faults)
    except (OSError, sqlite3.Error) as error:
        sys.exit(f"seatline: SEATLINE_HOME: the sandbox cannot write to {home / FILE}: {error}")


def _leave(_signum: int, _frame: FrameType | None) -> None:
    # A second signal must not cut the clearing up short.
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, signal.SIG_IGN)
    sys.exit(0)
