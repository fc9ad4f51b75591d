"""Statements about PostgreSQL itself: sessions, locks, the slowest statements, standbys."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.engine import Connection

SLOWEST, LONGEST_LISTED = 20, 100

_SELECT_CONNECTIONS = text("""
    SELECT current_setting('max_connections')::int AS most, coalesce(state, 'unknown') AS state,
           count(*) AS number
    FROM pg_stat_activity WHERE backend_type = 'client backend' GROUP BY 2
""")

# A session that waits for a lock, and each one that has it. The views are read at slightly different moments,
# so a blocker may have gone meanwhile.
_SELECT_WAITING = text(f"""
    SELECT waiting.pid, waiting.application_name AS application, waiting.query,
           extract(epoch FROM clock_timestamp() - coalesce(wanted.waitstart, waiting.query_start))::float
               AS seconds,
           wanted.locktype AS lock, wanted.mode, cast(wanted.relation AS regclass)::text AS relation,
           pg_blocking_pids(waiting.pid) AS blocked_by
    FROM pg_stat_activity waiting
    LEFT JOIN LATERAL (
        SELECT * FROM pg_locks WHERE pid = waiting.pid AND NOT granted LIMIT 1) AS wanted ON true
    WHERE waiting.wait_event_type = 'Lock'
    ORDER BY waiting.query_start LIMIT {LONGEST_LISTED}
""")

_SELECT_RUNNING = text(f"""
    SELECT pid, application_name AS application, state, query,
           extract(epoch FROM clock_timestamp() - query_start)::float AS query_seconds,
           extract(epoch FROM clock_timestamp() - xact_start)::float AS transaction_seconds,
           nullif(concat_ws(': ', wait_event_type, wait_event), '') AS waits_for
    FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
      AND (pid = ANY(:pids)
           OR (xact_start < clock_timestamp() - make_interval(secs => 1) AND state <> 'idle'))
    ORDER BY xact_start NULLS LAST LIMIT {LONGEST_LISTED}
""")

# Preloaded, and where the search_path finds it.
_HAS_STATEMENTS = text("""
    SELECT to_regclass('pg_stat_statements') IS NOT NULL
       AND position('pg_stat_statements' IN current_setting('shared_preload_libraries')) > 0
""")
_SELECT_SLOWEST = text(f"""
    SELECT query, calls, total_exec_time AS total_ms, mean_exec_time AS mean_ms, max_exec_time AS max_ms, rows
    FROM pg_stat_statements WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
    ORDER BY total_exec_time DESC LIMIT {SLOWEST}
""")

# Seconds are NULL where a standby has replayed all and nothing happens, which is no lag.
_SELECT_STANDBYS = text("""
    SELECT application_name AS name, state, sync_state AS synchronous,
           pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::bigint AS lag_bytes,
           coalesce(extract(epoch FROM replay_lag), 0)::float AS lag_seconds
    FROM pg_stat_replication ORDER BY application_name, pid
""")


def select_connections(connection: Connection) -> Sequence[Row[Any]]:
    """Clients' sessions, counted by `state`, each beside `most`, which the server takes."""
    return connection.execute(_SELECT_CONNECTIONS).all()


def select_waiting(connection: Connection) -> Sequence[Row[Any]]:
    """Sessions that wait for a lock, the longest first."""
    return connection.execute(_SELECT_WAITING).all()


def select_running(connection: Connection, *, pids: Sequence[int]) -> Sequence[Row[Any]]:
    """These sessions, and those whose transaction is older than a second."""
    return connection.execute(_SELECT_RUNNING, {"pids": list(pids)}).all()


def select_slowest(connection: Connection) -> Sequence[Row[Any]] | None:
    """The statements that took most time in all; None where there is no pg_stat_statements."""
    if not connection.execute(_HAS_STATEMENTS).scalar():
        return None
    return connection.execute(_SELECT_SLOWEST).all()


def select_standbys(connection: Connection) -> Sequence[Row[Any]]:
    """Standbys that the primary sends its log to."""
    return connection.execute(_SELECT_STANDBYS).all()
