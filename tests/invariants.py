"""What must be true of the database at every moment, for tests to fail where it is not."""

from sqlalchemy import text

from core.infra.db import primary
from proof.invariants import find_broken


def check_invariants() -> None:
    """Fail the test where the database breaks any of them."""
    broken = find_broken()
    assert not broken, broken


def check_settled() -> None:
    """Fail the test where any booking still waits for a worker, or any invariant is broken."""
    with primary() as connection:
        waiting = connection.execute(
            text("SELECT count(*) FROM bookings WHERE wants IS NOT NULL")
        ).scalar_one()
    assert waiting == 0
    check_invariants()
