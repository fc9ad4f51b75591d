"""How migrations run: on the primary, one at a time, never waiting long for a lock."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from alembic import context
from psycopg2.errors import InsufficientPrivilege
from sqlalchemy import event, pool, text
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import SchemaItem

import core.audit.models
import core.bookings.models
import core.events.models
import core.keys.models
import core.payments.models
import core.seats.models
import core.shows.models
import core.webhooks.models  # noqa: F401 (the imports fill the metadata)
from core.infra.db import CONNECT_TIMEOUT_SECONDS, Base, connect, make_engine
from core.infra.faults import wait_until_fit
from core.infra.health import RELEASE_CHECKS, find_fault
from core.infra.settings import get_settings
from migrations.distributing import distribute

# DDL queues behind whoever uses the table, and everybody queues behind it: give up soon, try again later.
LOCK_TIMEOUT = "5s"
# Room to build an index on a large table.
STATEMENT_TIMEOUT = "15min"
# Two releases at once must not both migrate; the number is arbitrary, and only ours.
MIGRATION_LOCK = 7_328_546_283
# Another release may take its time.
TURN_POLL_SECONDS = 0.5
OF_THE_VERSION_BEFORE = frozenset({"idempotency_keys"})


def is_ours(_object: SchemaItem, name: str | None, kind: str, reflected: bool, _other: Any) -> bool:
    """Leave out of the comparison what only the version before uses, until the next one drops it."""
    return not (kind == "table" and reflected and name in OF_THE_VERSION_BEFORE)


def run_migrations() -> None:
    """Migrate in one transaction, but for what a migration commits on its way (online.py).

    Waits for a database that is away; exits with one line where that is in vain.
    """
    wait_until_fit(partial(find_fault, RELEASE_CHECKS))
    options = {"connect_timeout": CONNECT_TIMEOUT_SECONDS}
    if get_settings().database_pooler is None:
        # Statements outside of transactions need these. Building an index waits for every older transaction,
        # a backup's too, and blocks no other: a limit on locks, which the database may have, would fail it.
        options |= {"options": f"-c statement_timeout={STATEMENT_TIMEOUT} -c lock_timeout=0"}
    engine = make_engine(creator=partial(connect, **options), poolclass=pool.NullPool)
    event.listen(engine, "begin", _set_timeouts)
    try:
        with _take_turn(engine), engine.connect() as connection:
            context.configure(connection=connection, target_metadata=Base.metadata, include_object=is_ours)
            with context.begin_transaction():
                context.run_migrations()
                # With the schema's version: a process that waits for that finds the groups.
                distribute(connection)
    except DBAPIError as error:
        if not isinstance(error.orig, InsufficientPrivilege):
            raise
        sys.exit("seatline: DATABASE_URL: its role may not change the schema: let it own the database")


@contextmanager
def _take_turn(engine: Engine) -> Iterator[None]:
    """Wait for other releases, then be the one that migrates.

    On a connection of its own, as migrations commit on their way. Asked for again and again: who waits for a
    lock has a snapshot, for the end of which an index that is built beside the service waits.
    """
    with engine.connect() as connection:
        while True:
            turn = connection.begin()
            connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
            taken = text("SELECT pg_try_advisory_xact_lock(:lock)")
            if connection.execute(taken, {"lock": MIGRATION_LOCK}).scalar_one():
                break
            turn.rollback()
            time.sleep(TURN_POLL_SECONDS)
        yield


def _set_timeouts(connection: Connection) -> None:
    # Of each transaction, since a pooler takes none for the session.
    if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = '{STATEMENT_TIMEOUT}'")
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")


def print_migrations() -> None:
    """Write the migrations out as SQL, for reading and for linting; needs no database."""
    # Of the driver's own style a % would be written twice.
    style = {"paramstyle": "named"}
    context.configure(
        dialect_name="postgresql", dialect_opts=style, target_metadata=Base.metadata, literal_binds=True
    )
    with context.begin_transaction():
        # For the session: migrations commit on their way.
        context.execute(f"SET statement_timeout = '{STATEMENT_TIMEOUT}'")
        context.execute(f"SELECT pg_advisory_lock({MIGRATION_LOCK})")
        context.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
        context.run_migrations()


if context.is_offline_mode():
    print_migrations()
else:
    run_migrations()
