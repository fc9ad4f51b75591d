"""Settings behind a pooler: its sessions are shared, so each transaction sets its own."""

from collections.abc import Mapping
from typing import Any

from psycopg2.extensions import TRANSACTION_STATUS_IDLE

from core.infra.watchdog import WatchedCursor


def choose_cursor(settings: Mapping[str, str]) -> dict[str, Any]:
    """The option of a psycopg2 connection that sets these with the first statement of each transaction.

    A pooler refuses or drops options of the connection; ALTER ROLE would apply to every user of the role.
    """
    prefix = "".join(f"SET LOCAL {name} = '{value}'; " for name, value in settings.items())

    class Cursor(WatchedCursor):
        def execute(self, query: Any, vars: Any = None) -> None:
            is_first = self.connection.get_transaction_status() == TRANSACTION_STATUS_IDLE
            if is_first:
                query = prefix.encode() + query if isinstance(query, bytes) else prefix + query
            super().execute(query, vars)

    return {"cursor_factory": Cursor}
