"""PostgreSQL as operators look at it: who waits for whom, what is slow, how far behind standbys are.

All of it is read from PostgreSQL's own views, as far as this role may read them. A role that is a member of
pg_monitor sees the sessions and statements of all roles, else only its own.
"""

import re
from typing import Any

from sqlalchemy.engine import Connection

from core import database_queries as queries
from core.infra.apart import describe_pools
from core.infra.replicas import get_replicas

SHOWN_CHARACTERS = 500
# A statement's literals are what clients sent: booking ids and idempotency keys are secrets.
_LITERALS = re.compile(r"'(?:[^']|'')*'|\$?\b\d+(?:\.\d+)?\b")
_CUT_LITERAL = re.compile(r"'[^']*\Z")


def read_database(connection: Connection) -> dict[str, Any]:
    """Connections, waits for locks, long transactions, slow queries, standbys, and this process's pools."""
    connections = queries.select_connections(connection)
    waiting = [_list(row) for row in queries.select_waiting(connection)]
    blockers = sorted({pid for each in waiting for pid in each["blocked_by"]})
    slowest = queries.select_slowest(connection)
    return {
        "connections": {
            "max": max(row.most for row in connections),
            "states": {row.state: row.number for row in connections},
        },
        "pools": describe_pools(),
        "waiting": waiting,
        "running": [_list(row) for row in queries.select_running(connection, pids=blockers)],
        "slow_queries": None if slowest is None else [_list(row) for row in slowest],
        "standbys": [dict(row._mapping) for row in queries.select_standbys(connection)],
        "replicas": [{"number": each.number, "is_fresh": each.is_fresh} for each in get_replicas()],
    }


def _list(row: Any) -> dict[str, Any]:
    return {**row._mapping, "query": mask(row.query)}


def mask(query: str | None) -> str:
    """A statement in one line, cut, with `?` in place of each literal."""
    masked = _CUT_LITERAL.sub("?", _LITERALS.sub("?", query or ""))
    return " ".join(masked.split())[:SHOWN_CHARACTERS]
