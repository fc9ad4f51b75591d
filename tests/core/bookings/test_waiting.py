"""What waits for a worker, counted as load shedding does."""

import asyncio
import copy
import re
from collections import Counter
from collections.abc import Callable

import pytest

from core.bookings.queries import SELECT_WAITING
from core.bookings.waiting import count_waiting
from core.errors import UnavailableError
from core.infra.async_db import LoopConnection
from core.infra.slot_groups import SlotGroup
from core.shows.service import Show
from local.embedded import find_free_port
from tests.acting import book, confirm, hold, run
from tests.apart import enter


def test_what_waits_is_counted_by_show_and_no_further_than_asked(
    make_show: Callable[..., Show],
) -> None:
    show, other = make_show(), make_show()
    book(show.id, "9")
    confirm(hold(show.id, "8"))
    book(show.id, "1")
    for seat in "123":
        book(other.id, seat)
    assert count(at_most=100) == {show.id: 2, other.id: 3}
    assert count(at_most=4).total() == 4
    assert count(at_most=5).total() == 5


def count(*, at_most: int) -> Counter[int]:
    """What a process counts."""

    async def ask() -> Counter[int]:
        return await count_waiting(LoopConnection(), at_most=at_most)

    return asyncio.run(ask())


def test_where_the_database_is_away_nothing_is_counted(servers: dict[str, str]) -> None:
    away = {"DATABASE_URL": f"postgresql://nobody@127.0.0.1:{find_free_port()}/none"}
    with enter(away), pytest.raises(UnavailableError):
        count(at_most=1)


@pytest.mark.parametrize("is_analyzed", [False, True])
def test_only_what_waits_is_read(make_show: Callable[..., Show], is_analyzed: bool) -> None:
    run(
        "INSERT INTO bookings (id, show_id, status, wants, seats, hold, amount, currency)"
        " SELECT gen_random_uuid(), :id, CASE WHEN n < 500 THEN 'PENDING' ELSE 'CANCELLED' END,"
        " CASE WHEN n < 500 THEN 'acquire' END, '{1}', false, 0, 'EUR' FROM generate_series(1, 5000) AS n",
        id=make_show().id,
    )
    if is_analyzed:
        run("ANALYZE bookings")

    async def explain() -> str:
        statement = copy.copy(SELECT_WAITING.statement)
        statement.call = f"EXPLAIN {statement.call}"
        parameters = {"limit": 100_000, **SlotGroup(0).parameters}
        rows = await LoopConnection().fetch_all(statement, lambda: parameters)
        return "\n".join(line for (line,) in rows)

    plan = asyncio.run(explain())
    assert re.findall(r" (?:using|on) (\w+_\w+)", plan) == ["bookings_waiting"], plan
