"""A transaction in few messages to the server: BEGIN goes with its first statement, COMMIT with its last."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import psycopg2
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from core.infra import tracing
from core.infra.db import note_loss, primary
from core.infra.prepared import Prepared, can_prepare

# Planning a statement that finds a few rows by index takes longer than running it. A kept plan is made for
# no parameters in particular; made while the tables are empty it would read them whole for as long as nobody
# analyzes them, but without sequential scans it uses the index at any size. Nor bitmap scans, which read the
# index entries of rows that wait no more again and again: a plain index scan marks them as dead. SET LOCAL,
# since other statements of this connection are to be planned as ever; in the same message, since each would
# be a round trip.
USE_INDEXES = "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; "
KEEP_PLANS = "SET LOCAL plan_cache_mode = force_generic_plan; " + USE_INDEXES
PLAN_ANEW = (
    "SET LOCAL plan_cache_mode = auto; SET LOCAL enable_seqscan = on; SET LOCAL enable_bitmapscan = on; "
)


class BriefTransaction:
    """A transaction of prepared statements on a connection that commits each statement by itself.

    READ COMMITTED, as transaction() is. The plans of its statements are kept, until plan_anew().
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        # What goes before the next statement.
        self._prefix = "BEGIN; " + _choose_planning()
        self._plans_anew = self._is_over = False

    @property
    def connection(self) -> Connection:
        """The connection, in this transaction, for statements that are not prepared."""
        if self._prefix:
            self._send("begin", "SELECT", {})
        return self._connection

    def fetch_all(self, statement: Prepared, parameters: Mapping[str, Any]) -> Sequence[Any]:
        """The statement's rows."""
        rows: Sequence[Any] = self._send(statement.name, self._choose(statement), parameters).fetchall()
        return rows

    def plan_anew(self) -> None:
        """Have the statements that follow planned for their parameters: they are about many rows.

        A plan for a few may compare each of many with each. They are not prepared then: force_custom_plan
        would have the check of a foreign key planned anew as well, for each row.
        """
        self._prefix += PLAN_ANEW
        self._plans_anew = True

    def _choose(self, statement: Prepared) -> str:
        return statement.unprepared if self._plans_anew else statement.make_call(self._connection)

    def commit_with(self, statement: Prepared, parameters: Mapping[str, Any]) -> None:
        """Run the last statement and commit. Where the statement raises, nothing is committed."""
        self._send(statement.name, f"{self._choose(statement)}; COMMIT", parameters)
        self._is_over = True

    def _send(self, name: str, sql: str, parameters: Mapping[str, Any]) -> Any:
        prefix, self._prefix = self._prefix, ""
        return _execute(self._connection, name, prefix + sql, parameters)

    def _end(self, how: str) -> None:
        has_begun = not self._prefix.startswith("BEGIN")
        if has_begun and not self._is_over:
            self._is_over = True
            self._connection.exec_driver_sql(how)

    def commit(self) -> None:
        """Commit, unless the last statement did."""
        self._end("COMMIT")

    def roll_back(self) -> None:
        """Roll back, or give the connection up where that cannot be done."""
        if self._connection.invalidated:
            return
        try:
            self._end("ROLLBACK")
        except SQLAlchemyError:
            with suppress(SQLAlchemyError):
                self._connection.invalidate()


@contextmanager
def brief_transaction() -> Iterator[BriefTransaction]:
    """A transaction on the primary: commits at the end at the latest, rolls back when left by an error.

    Raises UnavailableError as transaction() does, and else the driver's errors.
    """
    with primary() as connection:
        current = BriefTransaction(connection)
        try:
            yield current
            current.commit()
        except BaseException:
            current.roll_back()
            raise


def fetch_one(connection: Connection, statement: Prepared, parameters: Mapping[str, Any]) -> Any:
    """The one row of a statement that commits by itself, by a kept plan."""
    call = statement.make_call(connection)
    # Several statements in a message are one transaction, and the last one's rows come back.
    return _execute(connection, statement.name, _choose_planning() + call, parameters).fetchone()


def _choose_planning() -> str:
    # Statements that are not prepared have no plan to keep. A kept plan of a foreign key's check would cover,
    # and lock, all shards.
    return KEEP_PLANS if can_prepare() else USE_INDEXES


def _execute(connection: Connection, name: str, sql: str, parameters: Mapping[str, Any]) -> Any:
    """The driver's cursor after a statement. Raises its errors; SQLAlchemy would cost more than it does."""
    driver: Any = connection.connection
    cursor = driver.cursor()
    try:
        with tracing.statement(name, sql):
            cursor.execute(sql, parameters)
    except psycopg2.Error as error:
        # SQLAlchemy judges its own statements likewise. The pool's other connections lead to the same server.
        judge: Any = connection.dialect.is_disconnect
        if note_loss(error, is_disconnect=judge(error, driver, cursor)):
            connection.invalidate(error)
            connection.engine.dispose()
        raise
    return cursor


def to_array(values: Iterable[object]) -> str:
    """An array as text, of ids or names of ours, which need no quotes: ARRAY[…] is parsed value by value."""
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"
