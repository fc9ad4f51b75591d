"""Statements that a connection parses once, and soon plans no more."""

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import CursorResult
from sqlalchemy.engine import Connection

from core.infra.settings import get_settings
from core.infra.slot_groups import is_whole

_PARAMETER = re.compile(r"(?<![:\w\\]):(\w+)(?!:)")


def can_prepare() -> bool:
    """Whether statements can be prepared. Raises UnavailableError.

    A pooler's sessions are shared: what one of them has learned the next one does not know. A distributed
    database plans for the server that has the slot, so for none in particular it cannot.
    """
    return get_settings().database_pooler is None and is_whole()


class Prepared:
    """A statement parsed once a connection, and soon planned no more, where that takes as long as the rest.

    Its plan may be of a time when the tables were small, and stays until they are next analyzed. So it is
    for those that find a row by its key, and not where a parameter is an array, of one or of thousands; but
    on an event loop's connection, which plans for large tables. `sql` names its parameters as in text().
    """

    def __init__(self, name: str, sql: str) -> None:
        names = list(dict.fromkeys(_PARAMETER.findall(sql)))
        numbered = _PARAMETER.sub(lambda found: f"${names.index(found[1]) + 1}", sql)
        self.name, self.sql, self.preparation = name, sql, f"PREPARE {name} AS {numbered}"
        # As the driver has them: unprepared, and prepared.
        self.unprepared = _PARAMETER.sub(r"%(\1)s", sql)
        self.call = f"EXECUTE {name}({', '.join(f'%({parameter})s' for parameter in names)})"

    def make_call(self, connection: Connection) -> str:
        """The statement as the driver has it: prepared where that can be."""
        if not can_prepare():
            return self.unprepared
        self.prepare(connection)
        return self.call

    def prepare(self, connection: Connection) -> None:
        """Have a connection learn it where it does not know it."""
        # Of the connection to the server, and gone with it.
        known = connection.info.setdefault("prepared", set())
        if self.name not in known:
            connection.exec_driver_sql(self.preparation)
            known.add(self.name)

    def execute(self, connection: Connection, parameters: Mapping[str, Any]) -> CursorResult[Any]:
        """Run it on a connection, which learns it first."""
        return connection.exec_driver_sql(self.make_call(connection), dict(parameters))
