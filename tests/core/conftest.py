"""The core's tests settle by hand: in a database where no worker does."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import text

from core.infra.db import transaction
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
