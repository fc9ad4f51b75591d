"""What is checked before anything is started: settings, ports, servers given by URL, tools."""

import os
import shutil
from collections.abc import Callable
from urllib.parse import unquote, urlsplit

import psycopg2
from pydantic import ValidationError
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from core.infra.ports import find_port_fault
from core.infra.settings import Settings, describe_faults
from core.infra.tls import get_tls_options, strip_tls

CONNECT_SECONDS = 5
TOOLS = ("alembic", "celery")


class RefusedError(Exception):
    """Seatline cannot run like this; the message is one line for the operator."""


def read_settings() -> Settings:
    """The settings, with stand-ins for the servers that are about to be started. Raises RefusedError."""
    stand_ins = {"database_url": "postgresql://embedded", "redis_url": "redis://embedded"}
    unset = {name: url for name, url in stand_ins.items() if not os.environ.get(name.upper())}
    try:
        return Settings(**unset)  # type: ignore[arg-type]
    except ValidationError as error:
        raise RefusedError(describe_faults(error)) from None


def check_port(variable: str, host: str, port: int) -> None:
    """Raises RefusedError where the port cannot be listened on."""
    if fault := find_port_fault(host, port):
        raise RefusedError(f"{variable}: {fault}")


def check_tools() -> None:
    """Raises RefusedError where a program of the Procfile is missing."""
    for tool in TOOLS:
        if shutil.which(tool) is None:
            raise RefusedError(f"{tool} is missing: run `make setup`")


def check_given_servers() -> None:
    """Raises RefusedError where a server given by its URL does not let us in; tells no password."""
    for variable, connect in (("DATABASE_URL", connect_postgres), ("REDIS_URL", connect_redis)):
        if url := os.environ.get(variable):
            _check_server(variable, url, connect)


def connect_postgres(url: str) -> None:
    """Connect once. Raises psycopg2.Error."""
    psycopg2.connect(url, connect_timeout=CONNECT_SECONDS).close()


def connect_redis(url: str) -> None:
    """Connect once. Raises RedisError, or ValueError for a URL that is none."""
    options = {"socket_timeout": CONNECT_SECONDS, "socket_connect_timeout": CONNECT_SECONDS}
    options |= get_tls_options(url)
    with Redis.from_url(strip_tls(url), retry=Retry(NoBackoff(), 0), **options) as client:
        client.ping()


def _check_server(variable: str, url: str, connect: Callable[[str], None]) -> None:
    try:
        connect(url)
    except (psycopg2.Error, RedisError, ValueError, OSError) as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise RefusedError(f"{variable}: {hide_password(lines[0], url)}") from None


def hide_password(message: str, url: str) -> str:
    """The message without the URL and its password, which a client's library may quote."""
    try:
        password = urlsplit(url).password
    except ValueError:
        password = None
    for secret in (url, password, unquote(password or "")):
        message = message.replace(secret, "***") if secret else message
    return message
