"""A statement with the parameters it takes and what its rows mean, for either kind of connection."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, ParamSpec, TypeVar
from uuid import UUID

from sqlalchemy.engine import Connection

from core.infra.async_db import LoopConnection
from core.infra.ids import read_slot
from core.infra.prepared import Prepared
from core.infra.slot_groups import is_whole

P = ParamSpec("P")
R = TypeVar("R")


class Query(Generic[P, R]):
    """A statement, with functions that make its parameters and read its rows."""

    def __init__(
        self,
        statement: Prepared,
        to_parameters: Callable[P, Mapping[str, Any]],
        read_rows: Callable[[Sequence[Sequence[Any]]], R],
    ) -> None:
        self.statement = statement
        self._to_parameters, self._read_rows = to_parameters, read_rows

    def run(self, connection: Connection, *args: P.args, **kwargs: P.kwargs) -> R:
        """What the statement says, planned anew: this is the way of what is asked rarely."""
        parameters = dict(self._to_parameters(*args, **kwargs))
        return self._read_rows(connection.exec_driver_sql(self.statement.unprepared, parameters).all())

    async def run_on_loop(self, connection: LoopConnection, *args: P.args, **kwargs: P.kwargs) -> R:
        """The same from an event loop, prepared. Raises as LoopConnection.fetch_all does."""
        # Made once there is a connection, as they may ask which slots go together.
        rows = await connection.fetch_all(self.statement, lambda: self._to_parameters(*args, **kwargs))
        return self._read_rows(rows)


def to_id_arrays(ids: Iterable[UUID]) -> dict[str, Any]:
    """The parameters `ids`, to be cast to uuid[], and for in_group() `slots`, which the ids tell.

    One literal each, and not one an id.
    """
    found = list(ids)
    return {
        "whole": is_whole(),
        "ids": _to_literal(found),
        "slots": _to_literal(sorted(set(map(read_slot, found)))),
    }


def _to_literal(values: Iterable[object]) -> str:
    return f"{{{','.join(map(str, values))}}}"
