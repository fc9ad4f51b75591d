"""How migrations run: on the primary, one at a time, never waiting long for a lock."""

import sys
from functools import partial
from typing import Any

from alembic import context
from psycopg2.errors import InsufficientPrivilege
from sqlalchemy import pool
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import SchemaItem

import core.bookings.models
import core.events.models
import core.seats.models
import core.shows.models
import core.webhooks.models  # noqa: F401 (the imports fill the metadata)
from core.infra.db import CONNECT_TIMEOUT_SECONDS, Base, connect, make_engine
from core.infra.faults import wait_until_fit
from core.infra.health import RELEASE_CHECKS, find_fault

# DDL queues behind whoever uses the table, and everybody queues behind it: give up soon, try again later.
LOCK_TIMEOUT = "5s"
# Room to build an index on a large table.
STATEMENT_TIMEOUT = "15min"
# Two releases at once must not both migrate; the number is arbitrary, and only ours.
MIGRATION_LOCK = 7_328_546_283
OF_THE_VERSION_BEFORE = frozenset({"idempotency_keys"})


def is_ours(_object: SchemaItem, name: str | None, kind: str, reflected: bool, _other: Any) -> bool:
    """Leave out of the comparison what the models do not know.

    The partitions of `seats`; and what only the version before uses, until the next one drops it.
    """
    is_foreign = (name or "").startswith("seats_p") or name in OF_THE_VERSION_BEFORE
    return not (kind == "table" and reflected and is_foreign)


def run_migrations() -> None:
    """Migrate in one transaction: a release that fails leaves the schema as it was.

    Waits for a database that is away; exits with one line where that is in vain.
    """
    wait_until_fit(partial(find_fault, RELEASE_CHECKS))
    engine = make_engine(
        creator=partial(connect, connect_timeout=CONNECT_TIMEOUT_SECONDS), poolclass=pool.NullPool
    )
    try:
        with engine.connect() as connection:
            context.configure(connection=connection, target_metadata=Base.metadata, include_object=is_ours)
            with context.begin_transaction():
                _migrate()
    except DBAPIError as error:
        if not isinstance(error.orig, InsufficientPrivilege):
            raise
        sys.exit("seatline: DATABASE_URL: its role may not change the schema: let it own the database")


def print_migrations() -> None:
    """Write the migrations out as SQL, for reading and for linting; needs no database."""
    context.configure(dialect_name="postgresql", target_metadata=Base.metadata, literal_binds=True)
    with context.begin_transaction():
        _migrate()


def _migrate() -> None:
    context.execute(f"SET LOCAL statement_timeout = '{STATEMENT_TIMEOUT}'")
    context.execute(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")
    # After our own lock: another release may take its time.
    context.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
    context.run_migrations()


if context.is_offline_mode():
    print_migrations()
else:
    run_migrations()
