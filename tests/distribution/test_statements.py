"""Each statement runs on one shard, and has nothing that a distributed PostgreSQL refuses."""

import json
import re
from collections.abc import Iterator

import pytest

from core.infra.db import get_engine
from core.infra.slot_groups import find_group
from migrations.distributing import DISTRIBUTED_TABLES
from tests.distribution.shards import SHARDS
from tests.distribution.statements import SHOW_ID, Statement, list_statements

STATEMENTS = list(list_statements())
# Statements that read all shards; none is a part of accepting, acting, settling, sweeping or expiring.
OF_ALL_SHARDS = {
    # Lists and figures for operators.
    "core.bookings.queries._SELECT_STATS",
    "core.events.queries._SELECT_RECENT_COUNTS",
    "core.payments.comparing_queries._SELECT_PAGE",
    "core.payments.comparing_queries._SELECT_BY_IDS",
    "core.payments.comparing_queries._SELECT_OF_PAGE",
    "core.payments.comparing_queries._SELECT_REVENUE",
    "core.payments.due_queries._SELECT_RECENT",
    "core.payments.due_queries._SELECT_STATS",
    "core.settling.queries._SELECT_RECOVERY_STATS",
    "core.shows.queries._SELECT_SELLING",
    "core.shows.queries._SELECT_SHOWS",
    "core.shows.queries._SELECT_STATS",
    "core.webhooks.queries._SELECT_STATS",
    "core.webhooks.queries._COUNT_DELIVERIES",
    # After a restore, by hand.
    "core.seats.queries._UPDATE_RESTORED",
}
SHARD = re.compile(rf"({'|'.join(DISTRIBUTED_TABLES)})_shard(\d+)")
# Rows that are inserted say where they go.
READS = re.compile(rf"\b(?:FROM|JOIN|UPDATE) ({'|'.join(DISTRIBUTED_TABLES)})\b")
VOLATILE = re.compile(r"clock_timestamp\(|nextval\(|random\(|gen_random_uuid\(|setval\(")
# A server is sent a subquery without columns as one that it cannot read.
WITHOUT_COLUMNS = re.compile(r"FROM \(\s*SELECT FROM\b")
# Of a distributed table's UPDATE: "non-IMMUTABLE functions are not allowed in CASE or COALESCE statements".
CHOSEN_TIME = re.compile(r"\bCASE\b(?:(?!\bEND\b).)*\b(?:statement_timestamp|now)\(", re.DOTALL)
LOCKED = re.compile(r"FOR (?:NO KEY )?UPDATE")
# Tables that are on every server, or on the coordinator alone.
NOT_DISTRIBUTED = "shows", "webhook_endpoints", "event_cursors", "heartbeats", "payment_differences"


def name(statement: Statement) -> str:
    return f"{statement.module}.{statement.name}"


@pytest.mark.parametrize("statement", STATEMENTS, ids=name)
def test_each_statement_is_of_one_shard(statement: Statement, database: dict[str, str]) -> None:
    parameters = statement.make_parameters(find_group(SHOW_ID).slots or ())
    with get_engine().connect() as connection:
        (plan,) = connection.exec_driver_sql(
            f"EXPLAIN (FORMAT JSON) {statement.sql}", parameters
        ).scalar_one()
        connection.rollback()
    shards = set(SHARD.findall(json.dumps(plan)))
    touched = len({number for _, number in shards})
    if name(statement) in OF_ALL_SHARDS:
        assert touched == SHARDS
    else:
        assert touched == int(READS.search(statement.sql) is not None), sorted(shards)


def list_segments(sql: str) -> Iterator[str]:
    """The parts of a statement that are between the same parentheses, without those that are deeper."""
    parts = [""]
    for character in sql:
        if character == "(":
            parts.append("")
        elif character == ")":
            yield parts.pop()
            parts[-1] += "()"
        else:
            parts[-1] += character
    yield parts[0]


# Keys are on the coordinator alone, which is a PostgreSQL like any.
@pytest.mark.parametrize(
    "statement", [each for each in STATEMENTS if not each.module.startswith("core.keys.")], ids=name
)
def test_no_statement_has_what_is_refused(statement: Statement) -> None:
    sql = statement.sql
    assert "RECURSIVE" not in sql
    assert "tableoid" not in sql
    assert not WITHOUT_COLUMNS.search(sql)
    if re.match(r"\s*(UPDATE|DELETE)", sql):
        assert not VOLATILE.search(sql)
    for segment in list_segments(sql):
        if re.search(r"\b(UPDATE|DELETE FROM) \w+", LOCKED.sub("", segment)):
            assert not VOLATILE.search(segment.replace("()", "(")), segment
            if re.search(rf"\bUPDATE ({'|'.join(DISTRIBUTED_TABLES)})\b", segment):
                assert not CHOSEN_TIME.search(segment), segment
        if LOCKED.search(segment) and not re.search(rf"FROM ({'|'.join(NOT_DISTRIBUTED)})\b", segment):
            assert re.search(r"\bslot = |\bOR (b\.)?slot", segment) or "WHERE ()" in segment, segment


def test_nothing_is_listed_that_is_not_there() -> None:
    assert {name(statement) for statement in STATEMENTS} >= OF_ALL_SHARDS
    assert len(STATEMENTS) > 80
