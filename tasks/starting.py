"""The start of a Celery process: whether its broker is there, and lets it in."""

import os
import sys

from amqp.exceptions import AccessRefused, NotAllowed
from kombu import Connection
from redis.exceptions import AuthenticationError

from core.infra.faults import Fault
from core.infra.jobs import get_celery

# Time-out of one try; a healthy broker answers in milliseconds.
ANSWER_SECONDS = 1
# Errors of a wrong user, password or virtual host.
REFUSALS = (AuthenticationError, AccessRefused, NotAllowed)
# OpenSSL's reason code, which client libraries keep in their messages.
UNTRUSTED = "CERTIFICATE_VERIFY_FAILED"


def find_broker_fault() -> Fault | None:
    """What is the matter with the broker, by one try to connect to it, of a few seconds at most.

    It lasts where the broker is there and refuses us.
    """
    variable = "CELERY_BROKER_URL" if os.environ.get("CELERY_BROKER_URL") else "REDIS_URL"
    error = _find_error(_make_connection())
    if isinstance(error, REFUSALS):
        return Fault(variable, "the broker refuses this user, password or virtual host", is_lasting=True)
    if error and UNTRUSTED in str(error):
        return Fault(variable, "the broker shows a certificate that is not trusted, or another host's")
    return Fault(variable, f"the broker does not answer ({type(error).__name__})") if error else None


def refuse_lasting_fault() -> None:
    """Exit with one line where the broker is there and refuses us."""
    if (fault := find_broker_fault()) and fault.is_lasting:
        sys.exit(f"seatline: {fault}")


def _make_connection() -> Connection:
    app = get_celery()
    # Only the Redis transport has socket_timeout; RabbitMQ's answer falls under the connect time-out.
    is_known = "socket_timeout" in app.conf.broker_transport_options
    return app.connection(transport_options={"socket_timeout": ANSWER_SECONDS} if is_known else {})


def _find_error(connection: Connection) -> BaseException | None:
    try:
        connection.ensure_connection(max_retries=0)
        connection.release()
    except Exception as error:
        # kombu wraps the client library's own error.
        connection.collect()
        return error.__cause__ or error
    return None
