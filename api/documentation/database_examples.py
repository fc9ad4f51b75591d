"""The example answer of GET /admin/database: settling waits for a row that an open transaction has locked."""

from typing import Any

_SETTLING = "UPDATE show_versions SET version = ? WHERE slot = ? AND show_id = ?"

DATABASE: dict[str, Any] = {
    "connections": {"max": 200, "states": {"active": 2, "idle": 21, "idle in transaction": 1}},
    "pools": [
        {"name": "transactions", "size": 4, "open": 4, "in_use": 1},
        {"name": "statements", "size": 4, "open": 2, "in_use": 0},
    ],
    "waiting": [
        {
            "pid": 4711,
            "application": "seatline",
            "query": _SETTLING,
            "seconds": 1.4,
            "lock": "transactionid",
            "mode": "ShareLock",
            "relation": None,
            "blocked_by": [4690],
        }
    ],
    "running": [
        {
            "pid": 4690,
            "application": "psql",
            "state": "idle in transaction",
            "query": _SETTLING,
            "query_seconds": 75.2,
            "transaction_seconds": 75.3,
            "waits_for": "Client: ClientRead",
        }
    ],
    "slow_queries": [
        {
            "query": "SELECT status FROM seats WHERE slot = ? AND show_id = ?",
            "calls": 31200,
            "total_ms": 8112.0,
            "mean_ms": 0.26,
            "max_ms": 14.1,
            "rows": 31200,
        }
    ],
    "standbys": [
        {
            "name": "standby",
            "state": "streaming",
            "synchronous": "async",
            "lag_bytes": 4096,
            "lag_seconds": 0.02,
        }
    ],
    "replicas": [{"number": 1, "is_fresh": True}],
}
