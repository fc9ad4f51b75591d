"""A booking that the database itself refuses to have settled."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import text

from core.db import transaction

# What raises is real: the database refuses whatever is written of a customer called "poison".
TRAP = """\
    CREATE FUNCTION refuse_poison() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.customer = 'poison'
           AND (NEW.wants, NEW.status) IS DISTINCT FROM (OLD.wants, OLD.status)
           AND NEW.tries <= OLD.tries AND OLD.tries <= {tries}
        THEN RAISE EXCEPTION 'poison'; END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER refuse_poison BEFORE UPDATE ON bookings FOR EACH ROW EXECUTE FUNCTION refuse_poison();
"""


@pytest.fixture
def poison(database: dict[str, str]) -> Iterator[Callable[[], None]]:
    """Lay the trap; it is gone at the end."""

    def lay(tries: int = 3) -> None:
        with transaction() as connection:
            connection.execute(text(TRAP.format(tries=tries).replace(":", r"\:")))

    yield lay
    with transaction() as connection:
        connection.execute(text("DROP FUNCTION IF EXISTS refuse_poison CASCADE"))
