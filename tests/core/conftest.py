"""The core's tests settle by hand: in a database where no worker does."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import text

from core.infra.db import transaction
from core.infra.jobs import SETTLE_SHOW, get_sender
from core.infra.redis import get_redis
from tests.apart import live_apart
from tests.invariants import check_invariants

# What raises is real: the database refuses whatever is written of a customer called "poison".
TRAP = """\
    CREATE FUNCTION refuse_poison() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.customer = 'poison'
           AND (NEW.wants, NEW.status) IS DISTINCT FROM (OLD.wants, OLD.status)
           AND NEW.tries <= OLD.tries AND OLD.tries <= {tries}
        THEN RAISE EXCEPTION 'poison' USING ERRCODE = '{sqlstate}'; END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER refuse_poison BEFORE UPDATE ON bookings FOR EACH ROW EXECUTE FUNCTION refuse_poison();
"""


@pytest.fixture(scope="module")
def servers(servers: dict[str, str]) -> Iterator[dict[str, str]]:
    """The session's servers, apart from its processes."""
    with live_apart(servers, name="apart", redis_database=1) as variables:
        yield variables


@pytest.fixture
def poison(database: dict[str, str]) -> Iterator[Callable[[], None]]:
    """Have the database refuse to settle the bookings of a customer called "poison", until so many tries."""

    def lay(tries: int = 3, sqlstate: str = "P0001") -> None:
        with transaction() as connection:
            connection.execute(text(TRAP.format(tries=tries, sqlstate=sqlstate).replace(":", r"\:")))

    yield lay
    with transaction() as connection:
        connection.execute(text("DROP FUNCTION IF EXISTS refuse_poison CASCADE"))


@pytest.fixture
def nothing_is_broken(database: dict[str, str]) -> Iterator[None]:
    """Check every invariant once the test is over."""
    yield
    check_invariants()


@pytest.fixture
def flags_ahead(database: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """For each nudge that is sent: how many flags were up of those whose messages had not been sent."""
    ahead: list[int] = []
    send = get_sender().send

    def count_and_send(task: str, args: tuple[int], **options: Any) -> None:
        ahead.append(len(list(get_redis().scan_iter(f"*{SETTLE_SHOW}*", count=1_000))) - len(ahead))
        send(task, args, **options)

    monkeypatch.setattr(get_sender(), "send", count_and_send)
    return ahead
