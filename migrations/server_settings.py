"""Settings of the servers behind Citus: those that a connection is opened with end at the coordinator."""

import sys

from sqlalchemy import text
from sqlalchemy.engine import Connection

from core.infra.db import LOCK_TIMEOUT_MS

# As pg_settings has them. With JIT a server compiles for seconds what a confirm runs there in milliseconds.
# A lock there is waited for until the statement runs out of its time: here nothing is seen of it.
SETTINGS = {"jit": "off", "lock_timeout": str(LOCK_TIMEOUT_MS)}
ALL_SETTINGS = " and ".join(f"{name} = {value}" for name, value in SETTINGS.items())

_DIFFERENCES = " OR ".join(f"name = '{name}' AND setting <> '{value}'" for name, value in SETTINGS.items())
_COUNT_DIFFERENCES = f"SELECT count(*) FROM pg_settings WHERE {_DIFFERENCES}"  # noqa: S608 (constants)
_EACH_SETTING = " ".join(
    f"EXECUTE format('ALTER DATABASE %I SET {name} = {value}', current_database());"
    for name, value in SETTINGS.items()
)
# Each server alters its own database: passed on as well, it would be refused where it did not begin.
_ALTER_DATABASE = f"""
    DO $$ BEGIN
        PERFORM set_config('citus.enable_ddl_propagation', 'off', true);
        {_EACH_SETTING}
    END $$
"""
# In new sessions, on the coordinator too: these have what is in force. A result may be an error.
_IS_ANY_DIFFERENT = text("SELECT bool_or(result <> '0') FROM run_command_on_all_nodes(:command)")
_RUN_OR_TELL = text(
    "SELECT min(coalesce(result, 'no answer')) FROM run_command_on_all_nodes(:command) WHERE NOT success"
)
_SELECT_NAME = text("SELECT quote_ident(current_database())")


def set_on_servers(connection: Connection) -> None:
    """Set them on all servers where one differs; says so, or says what to run, and goes on.

    Not of this transaction: they stay where it is rolled back. Sessions that are open keep what they have.
    """
    if not connection.execute(_IS_ANY_DIFFERENT, {"command": _COUNT_DIFFERENCES}).scalar_one():
        return
    refusal = connection.execute(_RUN_OR_TELL, {"command": _ALTER_DATABASE}).scalar_one()
    if refusal is None:
        print(f"seatline: {ALL_SETTINGS} are set on all servers of Citus", flush=True)  # noqa: T201
        return
    why = refusal.splitlines()[0].removeprefix("ERROR:  ")
    name = connection.execute(_SELECT_NAME).scalar_one()
    by_hand = "; ".join(
        f"ALTER DATABASE {name} SET {setting} = {value}" for setting, value in SETTINGS.items()
    )
    print(  # noqa: T201
        f"seatline: DATABASE_URL: not all servers of Citus have {ALL_SETTINGS} ({why}): "
        f"mend that and run release again, or run on the coordinator as the database's owner: {by_hand}",
        file=sys.stderr,
        flush=True,
    )
