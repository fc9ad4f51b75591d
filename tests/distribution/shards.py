"""Tables in partitions by slot: what is said of them here is said of a distributed database's shards."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text

from core.infra.db import get_engine, transaction
from core.infra.slot_groups import SlotGroup, forget_groups, list_groups
from core.infra.slots import SLOTS
from migrations.distributing import DISTRIBUTED_TABLES, fill_places, take_keys_away

SHARDS = 3


def split_tables() -> None:
    """Split the tables that are distributed, where that was not done yet; a slot group is a shard each."""
    if len(list_groups()) > 1:
        return
    with transaction() as connection:
        keys = take_keys_away(connection)
        connection.execute(text("ALTER SEQUENCE seats_id_seq OWNED BY NONE"))
        for table in DISTRIBUTED_TABLES:
            connection.execute(text(f"ALTER TABLE {table} RENAME TO {table}_whole"))
            connection.execute(
                text(f"CREATE TABLE {table} (LIKE {table}_whole INCLUDING ALL) PARTITION BY HASH (slot)")
            )
            for number in range(SHARDS):
                connection.execute(
                    text(
                        f"CREATE TABLE {table}_shard{number} PARTITION OF {table}"
                        f" FOR VALUES WITH (MODULUS {SHARDS}, REMAINDER {number})"
                    )
                )
            connection.execute(text(f"DROP TABLE {table}_whole"))
        for key in keys:
            connection.execute(text(key))
        connection.execute(
            text("""
                INSERT INTO slot_groups (slot, slot_group)
                SELECT slot, shard
                FROM generate_series(0, :slots - 1) AS slot, generate_series(0, :shards - 1) AS shard
                WHERE satisfies_hash_partition('bookings'::regclass, :shards, shard, cast(slot AS smallint))
            """),
            {"shards": SHARDS, "slots": SLOTS},
        )
        fill_places(connection, groups=SHARDS)
    forget_groups()


@contextmanager
def held_back(group: SlotGroup) -> Iterator[None]:
    """Hold a shard back, as a server that does not answer would be."""
    tables = ", ".join(f"{table}_shard{group.number}" for table in DISTRIBUTED_TABLES)
    with get_engine().connect() as connection:
        connection.execute(text(f"LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE"))
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        yield
        connection.rollback()
