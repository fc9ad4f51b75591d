"""Whether what the service stands on is there, and is as it should be."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path

import psycopg2
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core.errors import UnavailableError
from core.infra.db import (
    IDLE_IN_TRANSACTION_TIMEOUT_MS,
    READ_ONLY,
    STATEMENT_TIMEOUT_MS,
    dispose_engines,
    primary,
)
from core.infra.faults import Fault
from core.infra.probe import Ask, find_sqlstate, open_probe
from core.infra.redis import try_redis
from core.infra.settings import get_settings

MIGRATIONS = Path(__file__).parents[2] / "migrations" / "versions"

Check = Callable[[Ask], Fault | None]


def _fault(detail: str, *, is_lasting: bool = False) -> Fault:
    return Fault("DATABASE_URL", detail, is_lasting)


SILENT = _fault("the database does not answer")
CANNOT_WRITE = _fault("the database is read-only: a standby, or set so")
# PgBouncer reports every refusal with this SQLSTATE, that of connection options too.
PROTOCOL_VIOLATION = "08P01"
DECLARE_POOLER = "where a pooler is between, set DATABASE_POOLER=pgbouncer"
UNDECLARED_POOLER = _fault(f"refuses what a connection begins with: {DECLARE_POOLER}", is_lasting=True)
_WRONG_ROLE = "the database refuses this role or its password: mend the URL, or the role"
# Connection refusals by SQLSTATE or class.
REFUSALS = {
    "57P03": _fault("the database is still starting, or stopping"),
    "53300": _fault("the database has no connection left"),
    READ_ONLY: CANNOT_WRITE,
    "28": _fault(_WRONG_ROLE, is_lasting=True),
    "3D": _fault("there is no such database: create it, or mend the URL", is_lasting=True),
}
# Connection refusals without a SQLSTATE, by a pattern of libpq's message.
WORDS = {
    "session is read-only": CANNOT_WRITE,
    "server is in hot standby mode": CANNOT_WRITE,
    "no password supplied": _fault("the database wants a password: put it into the URL", is_lasting=True),
    "^invalid ": _fault("an option of the URL, or its value, is none that libpq knows", is_lasting=True),
    "^could not match": _fault("as many ports as hosts are wanted, or one", is_lasting=True),
}


# Two of those that every connection is opened with (core/infra/db.py), as the server has them: in ms.
_SELECT_LOST_TIMEOUTS = f"""
    SELECT string_agg(name, ', ') FROM pg_settings
    WHERE (name = 'statement_timeout' AND setting <> '{STATEMENT_TIMEOUT_MS}')
       OR (name = 'idle_in_transaction_session_timeout' AND setting <> '{IDLE_IN_TRANSACTION_TIMEOUT_MS}')
"""  # noqa: S608 (constants)


def find_read_only(ask: Ask) -> Fault | None:
    """The fault of a read-only database."""
    return CANNOT_WRITE if ask("SELECT current_setting('transaction_read_only')") == "on" else None


def find_lost_timeouts(ask: Ask) -> Fault | None:
    """The fault of a pooler that is not declared, and drops what its sessions are opened with."""
    lost = ask(_SELECT_LOST_TIMEOUTS)
    return _fault(f"its sessions are without our {lost}: {DECLARE_POOLER}", is_lasting=True) if lost else None


def find_old_schema(ask: Ask) -> Fault | None:
    """The fault of a missing or older schema, which a `release` under way mends."""
    found, newest = _read_version(ask), _find_newest()
    if found is None:
        return _fault("the database has no schema yet: run the release process (alembic upgrade head)")
    if found < newest:
        return _fault(f"its schema is at {found}, this code needs {newest}: run the release process")
    return None


def find_new_schema(ask: Ask) -> Fault | None:
    """The fault of a schema newer than this code, which must not start on it."""
    found, newest = _read_version(ask), _find_newest()
    if found is None or found <= newest:
        return None
    advice = "run the code that it belongs to, or restore a backup from before it"
    return _fault(f"its schema is at {found}, newer than this code's {newest}: {advice}", is_lasting=True)


def find_wrong_encoding(ask: Ask) -> Fault | None:
    """The fault of an encoding other than UTF8, which cannot store every text."""
    encoding = ask("SHOW server_encoding")
    if encoding == "UTF8":
        return None
    advice = "create one with CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"
    return _fault(f"the database's encoding is {encoding}: {advice}", is_lasting=True)


# Checks of a running service (which may run beside its successor on a newer schema), of a starting one, and
# of a release (which makes the schema).
CHECKS: tuple[Check, ...] = (find_read_only, find_old_schema)
START_CHECKS: tuple[Check, ...] = (find_lost_timeouts, find_wrong_encoding, *CHECKS, find_new_schema)
RELEASE_CHECKS: tuple[Check, ...] = (find_lost_timeouts, find_wrong_encoding, find_read_only, find_new_schema)


def _read_version(ask: Ask) -> str | None:
    if not ask("SELECT to_regclass('alembic_version') IS NOT NULL"):
        return None
    found = ask("SELECT max(version_num) FROM alembic_version")
    return None if found is None else str(found)


def _find_newest() -> str:
    return max(path.name[:4] for path in MIGRATIONS.glob("[0-9]*.py"))


def find_fault(checks: Iterable[Check] = START_CHECKS) -> Fault | None:
    """The database's fault, asked on a new connection, within 2 s a host and 2 s a question."""
    try:
        with open_probe() as probe:
            return _find_first(probe.ask, checks)
    except psycopg2.Error as error:
        return find_refusal(error)


def find_service_fault() -> Fault | None:
    """The database's fault, asked over this process's own connections."""
    try:
        with primary() as connection:
            fault = _find_first(lambda sql: connection.execute(text(sql)).scalar(), CHECKS)
    except UnavailableError as error:
        cause = getattr(error.__cause__, "orig", error.__cause__)
        return find_refusal(cause) if isinstance(cause, psycopg2.Error) else SILENT
    except DBAPIError as error:
        return _describe_error(getattr(error.orig, "pgcode", None))
    if fault is CANNOT_WRITE:
        # The pooled connections lead to a demoted server; new ones may find the new primary.
        dispose_engines()
    return fault


def _find_first(ask: Ask, checks: Iterable[Check]) -> Fault | None:
    return next((fault for check in checks if (fault := check(ask))), None)


def find_refusal(error: psycopg2.Error) -> Fault:
    """The fault behind a connection or a question that was refused."""
    if sqlstate := find_sqlstate(error):
        if sqlstate == PROTOCOL_VIOLATION:
            return SILENT if get_settings().database_pooler else UNDECLARED_POOLER
        known = (fault for state, fault in REFUSALS.items() if sqlstate.startswith(state))
        is_answer = error.pgcode is not None and not isinstance(error, psycopg2.OperationalError)
        return next(known, _describe_error(sqlstate) if is_answer else SILENT)
    return next((fault for words, fault in WORDS.items() if re.search(words, str(error))), SILENT)


def _describe_error(sqlstate: str | None) -> Fault:
    return _fault(
        f"the database does not let itself be asked (SQLSTATE {sqlstate}, see its log)", is_lasting=True
    )


def is_redis_up() -> bool:
    """Whether Redis answers, quickly."""
    return bool(try_redis(lambda redis: redis.ping(), default=False))
