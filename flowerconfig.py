"""Flower's configuration: where it listens, and whom it lets in. Flower reads it from the working folder."""

import os
import sys
from urllib.parse import urlsplit

from flower.views.monitor import Metrics
from tornado.web import authenticated

from core.infra.faults import wait_until_fit
from core.infra.log import configure_logging
from core.infra.ports import MAX_PORT, parse_port, require_free_port
from core.infra.settings import get_settings
from core.infra.weak_secrets import MIN_KEY_LENGTH, find_weakness
from tasks.starting import find_broker_fault
from tasks.stopping import IDLE_SECONDS, end_in_time

_password = os.environ.get("FLOWER_PASSWORD") or os.environ.get("ADMIN_API_KEY")
if not _password:
    sys.exit("flower: FLOWER_PASSWORD is not set, nor ADMIN_API_KEY in its place: it does not run open")
if get_settings().seatline_env == "production" and (
    weakness := find_weakness(_password, length=MIN_KEY_LENGTH)
):
    sys.exit(f"flower: FLOWER_PASSWORD {weakness}")

address = os.environ.get("FLOWER_ADDRESS") or "127.0.0.1"
port = parse_port(os.environ.get("FLOWER_PORT") or "5555")
if port is None:
    sys.exit(f"flower: FLOWER_PORT must be a number from 1 to {MAX_PORT}")
require_free_port("FLOWER_PORT", address, port)
# Here and not on the command line, which everybody on the machine may read.
basic_auth = [f"{os.environ.get('FLOWER_USER') or 'admin'}:{_password}"]
# Its own metrics tell of queues and tasks; Flower serves them to everybody, whatever its password.
Metrics.get = authenticated(Metrics.get)

configure_logging()
# Tornado would add a handler of its own, with lines of another form.
logging = "none"
_broker = urlsplit(get_settings().celery_broker_url.partition(";")[0])
if _broker.scheme == "amqps":
    # Of itself it would ask RabbitMQ's management over plain HTTP, with the broker's password.
    _netloc = _broker.netloc.removesuffix(f":{_broker.port}")
    broker_api = f"https://{_netloc}:15671/api/"
# Before Flower takes the signals: while it waits it ends at once.
wait_until_fit(find_broker_fault)
end_in_time(IDLE_SECONDS)
