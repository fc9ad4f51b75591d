"""Whether what the service stands on is there, and is what it should be."""

import sys
from pathlib import Path

from sqlalchemy import Connection, text

from core.db import dispose_engines, snapshot
from core.errors import UnavailableError
from core.redis import try_redis

MIGRATIONS = Path(__file__).parent.parent / "migrations" / "versions"


def is_database_up() -> bool:
    """Whether the database answers."""
    try:
        with snapshot() as connection:
            return connection.execute(text("SELECT true")).scalar_one() is True
    except UnavailableError:
        return False


def is_redis_up() -> bool:
    """Whether Redis answers, quickly."""
    return bool(try_redis(lambda redis: redis.ping(), default=False))


def require_fit_database() -> None:
    """Exit with one line that says what to do, where the database does not answer or its schema is old."""
    try:
        fault = _find_schema_fault()
    except UnavailableError:
        fault = "DATABASE_URL: the database does not answer"
    finally:
        # The web process forks next: its children must not share the socket that was asked on.
        dispose_engines()
    if fault:
        sys.exit(f"seatline: {fault}")


def find_encoding_fault(connection: Connection) -> str | None:
    """What is wrong with the database's encoding, and what to do; None where it has a place for any text."""
    encoding = connection.execute(text("SHOW server_encoding")).scalar_one()
    if encoding == "UTF8":
        return None
    return (
        f"DATABASE_URL: the database's encoding is {encoding}: create one with"
        " CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"
    )


def _find_schema_fault() -> str | None:
    newest = max(path.name[:4] for path in MIGRATIONS.glob("[0-9]*.py"))
    with snapshot() as connection:
        if fault := find_encoding_fault(connection):
            return fault
        exists = connection.execute(text("SELECT to_regclass('alembic_version') IS NOT NULL")).scalar_one()
        query = text("SELECT max(version_num) FROM alembic_version")
        found = connection.execute(query).scalar_one() if exists else None
    if found is None:
        return "the database has no schema yet: run the release process (alembic upgrade head)"
    if found < newest:
        return f"the database's schema is at {found}, this code needs {newest}: run the release process"
    return None
