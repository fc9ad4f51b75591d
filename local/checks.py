"""What is checked before anything is started: settings, ports, servers given by URL, tools."""

import os
import shutil
from collections.abc import Callable, Collection, Mapping
from itertools import chain
from urllib.parse import unquote, urlsplit

import psycopg2
from pydantic import ValidationError
from redis.exceptions import RedisError
from redis.sentinel import MasterNotFoundError

from core.infra.ports import MAX_PORT, find_port_fault
from core.infra.redis import open_redis
from core.infra.settings import Settings, describe_faults

CONNECT_SECONDS = 5
TOOLS = ("alembic", "celery")
# Below it only root may listen.
FIRST_OPEN_PORT = 1024


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


def check_ports(addresses: Mapping[str, tuple[str, int]]) -> None:
    """Raises RefusedError where a variable's address cannot be listened on; it proposes ports that can."""
    faults, free, used = [], [], dict[int, str]()
    for variable, (host, port) in addresses.items():
        other = used.get(port)
        fault = f"{port} is that of {other} already" if other else find_port_fault(host, port)
        used[port] = variable
        if fault:
            faults.append(f"{variable}: {fault}")
        # A port that follows another one is chosen with that.
        if fault and variable.isidentifier() and (found := _find_free_port(host, port, used)):
            free.append(f"{variable}={found}")
            used[found] = variable
    if faults:
        advice = f"; free: make run {' '.join(free)}" if free else ""
        raise RefusedError("; ".join(faults) + advice)


def _find_free_port(host: str, port: int, used: Collection[int]) -> int | None:
    """The next free port after this one; None where it is the host that is at fault."""
    if find_port_fault(host, 0):
        return None
    following = range(max(port + 1, FIRST_OPEN_PORT), MAX_PORT + 1)
    candidates = (each for each in chain(following, range(FIRST_OPEN_PORT, port)) if each not in used)
    return next((each for each in candidates if not find_port_fault(host, each)), None)


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
    try:
        with open_redis(url, seconds=CONNECT_SECONDS) as client:
            client.ping()
    except MasterNotFoundError as error:
        # redis-py's words would tell all that it knows of each sentinel.
        raise MasterNotFoundError("no sentinel answers that knows this master") from error


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
