"""What the database refuses of one client it refuses of no other, and tells that one so."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from core.shows.service import Show
from tests.acting import ask, run
from tests.api.test_waiting import insist


def ask_for_seats(web: str, body: Any, key: str) -> tuple[int, Any]:
    status, _, document = insist("POST", f"{web}/bookings", body, {"Idempotency-Key": key})
    return status, document


@pytest.fixture(params=["22023", "54000"])
def too_much(request: pytest.FixtureRequest, database: dict[str, str]) -> Iterator[str]:
    """A customer that the database refuses, as data that cannot be or as too much of it."""
    run(f"""
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'too much' USING ERRCODE = '{request.param}'; END $$
    """)
    run(r"""
        CREATE TRIGGER refuse BEFORE INSERT ON bookings FOR EACH ROW WHEN (NEW.customer = 'too much')
        EXECUTE FUNCTION refuse()
    """)
    yield "too much"
    run("DROP TRIGGER refuse ON bookings")
    run("DROP FUNCTION refuse")


def test_one_is_told_and_the_others_are_accepted(
    web: str, make_show: Callable[..., Show], too_much: str
) -> None:
    show_id = make_show(total_seats=100).id

    def book(n: int) -> tuple[int, Any]:
        customer = too_much if n % 10 == 0 else f"customer {n}"
        body = {"show_id": show_id, "seats": [str(n + 1)], "customer": customer}
        return ask_for_seats(web, body, f"a key of number {n:04}")

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(book, range(100)))
    refused = [n for n, (status, _) in enumerate(answers) if status != 202]
    assert refused == list(range(0, 100, 10))
    assert {(answers[n][0], answers[n][1]["code"]) for n in refused} == {(422, "invalid_request")}
    assert ask("SELECT count(*) FROM bookings") == [(90,)]
    assert ask("SELECT count(*) FROM used_keys") == [(90,)]


# As long as they may be, and as wide: four bytes each.
WIDE = "\U0001f3ad"


def test_the_longest_values_are_taken(web: str, make_show: Callable[..., Show]) -> None:
    """Of whatever a client sends that is kept beside the others': none is too much for a row of an index."""
    section = WIDE * 100
    show_id = make_show(sections=[{"name": section, "rows": 1, "seats_per_row": 10, "price": 1}]).id
    wishes: list[dict[str, Any]] = [{"seats": [f"{section}-A-{n}" for n in range(1, 4)]}]
    wishes += [{"quantity": 2, "section": section}] * 3
    for number, wish in enumerate(wishes):
        customer = "".join(chr(0x10000 + (number * 131 + n * 7919) % 0xFFF0) for n in range(128))
        customer = "".join(c if c.isprintable() else WIDE for c in customer)
        body = {"show_id": show_id, "customer": customer, "hold": True, **wish}
        key = "".join(chr(0x21 + (number * 17 + n * 31) % 94) for n in range(255))
        status, document = ask_for_seats(web, body, key)
        assert (status, document.get("customer")) == (202, customer)
