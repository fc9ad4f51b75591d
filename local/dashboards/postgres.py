"""The dashboard of PostgreSQL, by deploy/prometheus/postgres-queries.yml."""

from local.dashboards.panels import Dashboard, Panel
from local.dashboards.queries import WINDOW, rate, share

_STATEMENT = "query, queryid"
_PER_CALL = share(
    rate("seatline_pg_statements_seconds_total", _STATEMENT), rate("seatline_pg_statements_calls", _STATEMENT)
)
_HIT = rate("seatline_pg_database_blocks_hit")

POSTGRES = Dashboard(
    "seatline-postgres",
    "Seatline: PostgreSQL",
    {
        "Sessions and transactions": [
            Panel("Answers", [("pg_up", "{{instance}}")], kind="state", width=4, height=6),
            Panel(
                "Sessions",
                [
                    ("seatline_pg_sessions_number", "{{state}}"),
                    ("seatline_pg_server_sessions_most", "max_connections"),
                ],
                width=10,
                height=6,
            ),
            Panel(
                "Transactions a second",
                [
                    (rate("seatline_pg_database_commits"), "committed"),
                    (rate("seatline_pg_database_rollbacks"), "rolled back"),
                ],
                width=10,
                height=6,
            ),
            Panel(
                "The oldest transaction is open for",
                [("seatline_pg_server_oldest_transaction_seconds", "{{instance}}")],
                unit="s",
                limit=60,
                description="While it is, nothing that was changed since can be vacuumed.",
            ),
            Panel(
                "Found in memory",
                [(share(_HIT, f"({_HIT} + {rate('seatline_pg_database_blocks_read')})"), "")],
                unit="percentunit",
                description="Below 0.99 in a sale: more shared_buffers, or more memory.",
            ),
            Panel(
                "Deadlocks, temporary files",
                [
                    (f"sum(increase(seatline_pg_database_deadlocks[{WINDOW}]))", "deadlocks"),
                    (rate("seatline_pg_database_temp_bytes"), "bytes a second to temporary files"),
                ],
            ),
        ],
        "Locks": [
            Panel(
                "Sessions that wait for a lock", [("seatline_pg_blocked_sessions", "{{instance}}")], limit=5
            ),
            Panel(
                "The first has waited",
                [("seatline_pg_blocked_oldest_seconds", "{{instance}}")],
                unit="s",
                limit=2,
                description="Seatline's own give up after 2 s.",
            ),
            Panel(
                "Locks",
                [("sum by (mode, granted) (seatline_pg_locks_number)", "{{mode}}, granted: {{granted}}")],
                stacked=True,
            ),
            Panel(
                "Who waits for whom",
                [("seatline_pg_waiting_seconds", "")],
                kind="table",
                unit="s",
                width=24,
                description="The number is the seconds since the statement that waits began. At this moment: "
                "GET /admin/database.",
            ),
        ],
        "Slow queries (pg_stat_statements)": [
            Panel(
                "Seconds a second",
                [(f"topk(10, {rate('seatline_pg_statements_seconds_total', _STATEMENT)})", "{{query}}")],
                unit="s",
                width=12,
                height=10,
                stacked=True,
                description="1 is a core, or a disk, that is busy with this statement alone.",
            ),
            Panel("Seconds a call", [(f"topk(10, {_PER_CALL})", "{{query}}")], unit="s", width=12, height=10),
            Panel(
                "In all, since statistics were reset",
                [("topk(20, seatline_pg_statements_seconds_total)", "")],
                kind="table",
                unit="s",
                width=24,
                height=10,
            ),
        ],
        "Replication": [
            Panel(
                "Standbys are behind",
                [("seatline_pg_standby_lag_seconds", "{{standby}} {{state}}")],
                unit="s",
                limit=10,
                description="As the primary knows it.",
            ),
            Panel(
                "Log that standbys have not replayed",
                [("seatline_pg_standby_lag_bytes", "{{standby}} {{state}}")],
                unit="bytes",
            ),
            Panel(
                "This standby is behind",
                [("seatline_pg_server_replay_lag_seconds", "{{instance}}")],
                unit="s",
                limit=10,
                description="As a standby knows it; 0 at a primary.",
            ),
            Panel(
                "Log kept for slots",
                [("seatline_pg_slot_kept_bytes", "{{slot}}, read: {{active}}")],
                unit="bytes",
                description="A slot that is not read fills the disk.",
            ),
        ],
        "Tables and bloat": [
            Panel(
                "Dead rows, share",
                [
                    (
                        "topk(10, seatline_pg_table_rows_dead / (seatline_pg_table_rows_dead"
                        " + seatline_pg_table_rows_live > 1000))",
                        "{{table}}",
                    )
                ],
                unit="percentunit",
                limit=0.5,
                description="Of tables with more than a thousand rows.",
            ),
            Panel("Dead rows", [("topk(10, seatline_pg_table_rows_dead)", "{{table}}")]),
            Panel(
                "Since the last vacuum",
                [("topk(10, seatline_pg_table_vacuum_age_seconds > 0)", "{{table}}")],
                unit="s",
            ),
            Panel("Size", [("topk(10, seatline_pg_table_size_bytes)", "{{table}}")], unit="bytes"),
            Panel(
                "Updates that touch no index",
                [
                    (
                        share(
                            rate("seatline_pg_table_rows_updated_in_place", "table"),
                            rate("seatline_pg_table_rows_updated", "table"),
                        ),
                        "{{table}}",
                    )
                ],
                unit="percentunit",
            ),
            Panel("Database", [("seatline_pg_database_size_bytes", "{{instance}}")], unit="bytes"),
            Panel(
                "Transactions until the numbers wrap",
                [("2 ^ 31 - seatline_pg_database_oldest_xid_age", "{{instance}}")],
                description="Autovacuum keeps it far from 0, unless a transaction stays open.",
            ),
        ],
    },
)
