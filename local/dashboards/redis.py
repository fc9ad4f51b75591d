"""The dashboard of Redis, which is Celery's broker as well unless another one is chosen."""

from local.dashboards.panels import Dashboard, Panel
from local.dashboards.queries import rate, share

_COMMANDS = rate("redis_commands_total", "cmd")

REDIS = Dashboard(
    "seatline-redis",
    "Seatline: Redis and the broker",
    {
        "Queues": [
            Panel(
                "Messages in queues",
                [('sum by (key) (redis_key_size{key!="unacked"})', "{{key}}")],
                stacked=True,
                description="Nudges, a show's one at most. Bookings themselves are in PostgreSQL.",
            ),
            Panel(
                "Messages taken and not done",
                [('sum by (key) (redis_key_size{key="unacked"})', "")],
                description="Growing: workers hang, or were killed.",
            ),
            Panel(
                "Messages dropped a second",
                [("max by (reason) (rate(seatline_messages_dropped_total[$__rate_interval]))", "{{reason}}")],
                description="None of ours looks so.",
            ),
        ],
        "Redis": [
            Panel("Answers", [("redis_up", "{{instance}}")], kind="state", width=4, height=6),
            Panel(
                "Memory",
                [
                    ("redis_memory_used_bytes", "used {{instance}}"),
                    ("redis_memory_max_bytes > 0", "maxmemory {{instance}}"),
                ],
                unit="bytes",
                width=10,
                height=6,
                description="With maxmemory-policy noeviction writes are refused once it is full.",
            ),
            Panel(
                "Clients",
                [
                    ("redis_connected_clients", "connected {{instance}}"),
                    ("redis_blocked_clients", "waiting for a message {{instance}}"),
                ],
                width=10,
                height=6,
            ),
            Panel("Commands a second", [(f"topk(10, {_COMMANDS})", "{{cmd}}")]),
            Panel(
                "Time of a command",
                [
                    (
                        f"topk(10, {share(rate('redis_commands_duration_seconds_total', 'cmd'), _COMMANDS)})",
                        "{{cmd}}",
                    )
                ],
                unit="s",
                description="Without the time on the way. Seatline does without Redis after 0.25 s.",
            ),
            Panel("Keys", [("sum by (db) (redis_db_keys) > 0", "{{db}}")]),
            Panel(
                "Evicted and refused a second",
                [
                    (rate("redis_evicted_keys_total"), "keys evicted"),
                    (rate("redis_rejected_connections_total"), "connections refused"),
                ],
                description="Both are to be 0: queues are no cache.",
            ),
            Panel(
                "CPU",
                [
                    (
                        f"{rate('redis_cpu_user_seconds_total')} + {rate('redis_cpu_sys_seconds_total')}",
                        "",
                    )
                ],
                unit="percentunit",
                description="It uses one core: near 1 is its limit.",
            ),
            Panel(
                "Last write to disk went well",
                [
                    ("redis_aof_last_write_status", "append-only file {{instance}}"),
                    ("redis_rdb_last_bgsave_status", "snapshot {{instance}}"),
                ],
                kind="state",
            ),
        ],
    },
)
