"""What a migration beside a running service is made of: steps that are committed, and locks that give way.

A migration of such steps is not one transaction: it is run again where it died, and must bear that.
"""

import time
from typing import Any

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.exc import OperationalError

# Everybody waits behind who waits for a lock. Shorter than deadlock_timeout, so that it is the migration that
# gives way to the service, which takes tables in an order of its own.
PATIENCE, PAUSE_SECONDS, TRIES = "500ms", 0.5, 60
# Rows that one statement writes, and keeps locked meanwhile: a tenth of a second or two.
BATCH = 2_000
# What another transaction has is looked at again after this.
SHORT_PAUSE_SECONDS = 0.05


def run(statement: str, **parameters: Any) -> sa.CursorResult[Any]:
    """The result of a statement; not for SQL that is only printed."""
    return op.get_bind().execute(sa.text(statement), parameters)


def commit() -> None:
    """Let stand what was done, and go on in a new transaction."""
    with op.get_context().autocommit_block():
        pass


def swap(statement: str) -> None:
    """Drop or rename what something else takes the place of before the commit: nobody sees it gone."""
    rules = (
        "ban-drop-constraint, ban-drop-function, ban-drop-table, renaming-object, renaming-table, "
        "require-concurrent-index-deletion"
    )
    op.execute(f"-- squawk-ignore {rules}\n{statement}")


def lock(tables: str, *, mode: str = "ACCESS EXCLUSIVE") -> None:
    """Lock tables until the commit; tries again and again rather than keep those behind it waiting."""
    statement = f"LOCK TABLE {tables} IN {mode} MODE"
    if context.is_offline_mode():
        op.execute(statement)
        return
    for tries_left in reversed(range(TRIES)):
        try:
            with op.get_bind().begin_nested():
                # Of the statement, as it waits for one table after the other.
                op.execute(f"SET LOCAL statement_timeout = '{PATIENCE}'")
                op.execute(statement)
            break
        except OperationalError as error:
            if tries_left == 0 or error.connection_invalidated:
                raise
            time.sleep(PAUSE_SECONDS)
    op.execute("SET LOCAL statement_timeout TO DEFAULT")


def build_index(name: str, definition: str, *, unique: bool = False) -> None:
    """An index, built beside the service; one that is whole already is left, half of one is built anew."""
    if not context.is_offline_mode():
        valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)"
        if run(valid, name=name).scalar_one_or_none():
            return
    with op.get_context().autocommit_block():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
        op.execute(f"CREATE {'UNIQUE ' if unique else ''}INDEX CONCURRENTLY {name} ON {definition}")


def fill_column(table: str, column: str, value: str, *, key: str) -> None:
    """Write a column of all rows `t` in which it is NULL; by pages of the primary key."""
    same = " AND ".join(f"t.{name} = locked.{name}" for name in key.split(", "))
    write = f"UPDATE {table} t SET {column} = {value} FROM locked WHERE {same}"  # noqa: S608 (ours)
    write_pages(table, key=key, pending=f"{column} IS NULL", write=write)


def write_pages(table: str, *, key: str, pending: str, write: str) -> None:
    """Run a statement on the rows of a table `t` that it is pending for, some at a time, as `locked`.

    All rows are walked by in the order of the primary key, as nothing tells the planner yet how few are
    pending. SKIP LOCKED: no row is held while another is waited for; those skipped are come back to.
    """
    is_printed = context.is_offline_mode()
    statement = f"""
        WITH page AS MATERIALIZED (
            SELECT {key}, {pending} AS is_pending FROM {table} t {{after}}
            ORDER BY {key} LIMIT {"ALL" if is_printed else BATCH}
        ), locked AS MATERIALIZED (
            SELECT t.* FROM {table} t JOIN page USING ({key})
            WHERE is_pending FOR NO KEY UPDATE OF t SKIP LOCKED
        ), written AS ({write})
        SELECT (SELECT count(*) FROM page WHERE is_pending) = (SELECT count(*) FROM locked) AS is_done, {key}
        FROM page ORDER BY {key.replace(",", " DESC,")} DESC LIMIT 1
    """  # noqa: S608 (nothing of it comes from outside)
    if is_printed:
        op.execute(statement.format(after=""))
        return
    names = key.split(", ")
    later = f"WHERE ({key}) > ({', '.join(f':{name}' for name in names)})"
    last: dict[str, Any] = {}
    while row := run(statement.format(after=later if last else ""), **last).one_or_none():
        commit()
        if row.is_done:
            last = {name: row._mapping[name] for name in names}
        else:
            time.sleep(SHORT_PAUSE_SECONDS)
