"""Statements that pause between their snapshot and their locks, until the test lets them go on."""

from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from core.infra.async_db import LoopConnection
from core.infra.brief import BriefTransaction
from core.infra.db import connect
from core.infra.prepared import Prepared
from tests.acting import ask
from tests.support import wait_until

KEY = 4_711
# The pause is a lock that the test holds. A loop's connection would wait for it a tenth of a second.
_PAUSE = f"SELECT set_config('lock_timeout', '20s', true), pg_advisory_xact_lock({KEY}) OFFSET 0"
_IS_REACHED = """
    SELECT FROM pg_locks JOIN pg_database d ON d.oid = database
    WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()
"""


class Pause:
    """Pauses the first statement that has `where`, before it reads what stands after its FROM."""

    def __init__(self, where: str) -> None:
        self._where, self._paused = where, where.replace("FROM ", f"FROM ({_PAUSE}) AS pause, ", 1)
        self._is_used = False

    def __enter__(self) -> Self:
        self._holder = connect()
        with self._holder.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", (KEY,))
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.end()

    def put_into(self, statement: Prepared) -> Prepared:
        """The statement, with the pause where it is the first of those."""
        if self._is_used or self._where not in statement.sql:
            return statement
        self._is_used = True
        return Prepared(f"{statement.name}_paused", statement.sql.replace(self._where, self._paused, 1))

    def await_start(self) -> None:
        """Wait until the statement pauses."""
        wait_until(lambda: ask(_IS_REACHED))

    def end(self) -> None:
        """Let the statement go on."""
        self._holder.close()


class PausingConnection(LoopConnection):
    """An event loop's connection with a pause."""

    def __init__(self, pause: Pause) -> None:
        super().__init__()
        self._pause = pause

    async def fetch_all(
        self, statement: Prepared, to_parameters: Callable[[], Mapping[str, Any]]
    ) -> list[tuple[Any, ...]]:
        """As LoopConnection does, with the pause."""
        return await super().fetch_all(self._pause.put_into(statement), to_parameters)


class PausingTransaction(BriefTransaction):
    """A batch's transaction with a pause."""

    def __init__(self, connection: Any, pause: Pause) -> None:
        super().__init__(connection)
        self._pause = pause

    def fetch_all(self, statement: Prepared, parameters: Mapping[str, Any]) -> Sequence[Any]:
        """As BriefTransaction does, with the pause."""
        return super().fetch_all(self._pause.put_into(statement), parameters)
