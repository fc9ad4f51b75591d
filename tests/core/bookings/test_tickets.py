"""Ticket codes: each leads to its own booking, and nobody makes one without the secret."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from core import housekeeping
from core.bookings import queries, service
from core.bookings.errors import TicketNotFoundError
from core.bookings.tickets import ALPHABET, EPOCH_SECONDS, MAC_BITS, SECOND_BITS, make_code, parse_code
from core.bookings.views import Booking
from core.infra.db import primary
from core.infra.ids import new_id
from core.infra.settings import get_settings
from core.infra.slots import SLOTS, to_slot
from core.shows.service import Show
from tests.acting import ask, book, cancel, confirm, hold, read, run, settle

MakeShow = Callable[..., Show]
BITS = 100
SLOT_NUMBERS = st.integers(0, SLOTS - 1)
# Of a code's whole life: seconds from 2020, with any millisecond and any random bits.
IDS = st.builds(
    lambda second, low: UUID(int=(second + EPOCH_SECONDS) * 1000 + low % 1000 << 80 | low),
    st.integers(0, (1 << SECOND_BITS) - 1),
    st.integers(0, (1 << 80) - 1),
)

pytestmark = pytest.mark.usefixtures("servers")


@contextmanager
def another_secret(secret: str) -> Iterator[None]:
    """Derive codes under this SEATLINE_SECRET."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SEATLINE_SECRET", secret)
        get_settings.cache_clear()
        yield
    get_settings.cache_clear()


def to_number(code: str) -> int:
    number = 0
    for character in code.replace("-", ""):
        number = number * 32 + ALPHABET.index(character)
    return number


def to_text(number: int) -> str:
    return "".join(ALPHABET[number >> at & 31] for at in range(BITS - 5, -1, -5))


@given(IDS, SLOT_NUMBERS)
def test_a_code_leads_to_its_booking(booking_id: UUID, slot: int) -> None:
    code = make_code(booking_id, slot)
    ticket = parse_code(code)
    assert ticket is not None
    assert (ticket.code, ticket.slot) == (code, slot)
    assert ticket.first_id <= booking_id <= ticket.last_id
    assert ticket.is_of(booking_id)


@given(IDS, SLOT_NUMBERS)
def test_a_code_says_which_second_and_no_other(booking_id: UUID, slot: int) -> None:
    ticket = parse_code(make_code(booking_id, slot))
    assert ticket is not None
    seconds = [each.int >> 80 for each in (ticket.first_id, ticket.last_id)]
    assert seconds[1] - seconds[0] == 999
    assert seconds[0] // 1000 == (booking_id.int >> 80) // 1000


@given(IDS, SLOT_NUMBERS, st.integers(0, BITS - 1))
def test_one_bit_makes_it_another_code(booking_id: UUID, slot: int, bit: int) -> None:
    ticket = parse_code(to_text(to_number(make_code(booking_id, slot)) ^ 1 << bit))
    assert ticket is not None
    # Of another slot it is looked for there, where the booking is not.
    assert ticket.slot != slot or not ticket.is_of(booking_id)


@given(IDS, st.integers(0, 61))
def test_ids_of_one_moment_have_codes_of_their_own(booking_id: UUID, bit: int) -> None:
    ticket = parse_code(make_code(booking_id, 7))
    assert ticket is not None
    assert not ticket.is_of(UUID(int=booking_id.int ^ 1 << bit))


@given(IDS, SLOT_NUMBERS)
def test_another_secret_makes_other_codes(booking_id: UUID, slot: int) -> None:
    code = make_code(booking_id, slot)
    for secret in ("", "another-secret-of-thirty-two-characters"):
        with another_secret(secret):
            ticket = parse_code(code)
            assert ticket is not None
            assert not ticket.is_of(booking_id)
    assert make_code(booking_id, slot) == code


def test_a_code_tells_nothing_of_the_random_bits() -> None:
    """Who knows the code, its time and its slot knows 57 bits that all change with any bit of the id."""
    booking_id = new_id(7)
    codes = {make_code(UUID(int=booking_id.int ^ 1 << bit), 7) for bit in range(62)}
    macs = [to_number(code) % (1 << MAC_BITS) for code in codes]
    ones = [sum(mac >> bit & 1 for mac in macs) for bit in range(MAC_BITS)]
    assert len(codes) == 62
    # Each is set about half of the time; beyond these bounds it is once in 10^11 runs.
    assert all(5 < count < 57 for count in ones)
    assert str(booking_id).replace("-", "").upper()[-12:] not in "".join(codes).replace("-", "")


def test_guesses_lead_nowhere() -> None:
    booking_id = new_id(7)
    mine = to_number(make_code(booking_id, 7))
    known = mine >> MAC_BITS << MAC_BITS
    for guess in range(20_000):
        ticket = parse_code(to_text(known | guess))
        assert ticket is not None
        assert ticket.is_of(booking_id) == (known | guess == mine)


@given(
    IDS,
    SLOT_NUMBERS,
    st.sampled_from([str.lower, str.upper, str.title]),
    st.sampled_from(["", "-", " ", " - "]),
)
def test_read_as_people_type_it(
    booking_id: UUID, slot: int, spell: Callable[[str], str], between: str
) -> None:
    code = make_code(booking_id, slot)
    ticket = parse_code(f" {spell(code).replace('-', between)} ")
    assert ticket is not None
    assert ticket.code == code


@pytest.mark.parametrize(("typed", "meant"), [("O", "0"), ("o", "0"), ("I", "1"), ("l", "1"), ("L", "1")])
def test_letters_that_look_like_digits_are_those(typed: str, meant: str) -> None:
    assert parse_code(f"{typed}{'A' * 19}") == parse_code(f"{meant}{'A' * 19}") != parse_code("2" + "A" * 19)


@pytest.mark.parametrize(
    "text",
    ["", "-", "A" * 19, "A" * 21, "U" * 20, "A" * 19 + "!", "A" * 19 + "\n", "A" * 19 + "\u0131",
     "A" * 19 + "\u0663", "A" * 19 + "\u017f", "A" * 19 + "_", "+" + "A" * 19, str(UUID(int=7)), "x" * 5000],
)  # fmt: skip
def test_what_is_no_code(text: str) -> None:
    assert parse_code(text) is None


def test_the_cost_of_a_code_is_small() -> None:
    """Settling makes one for each booking that it confirms: thousands a second."""
    booking_id, took = new_id(7), []
    for _ in range(2_000):
        began = time.thread_time_ns()
        make_code(booking_id, 7)
        took.append(time.thread_time_ns() - began)
    assert sorted(took)[len(took) // 2] < 20_000


def find(code: str | None) -> Booking:
    ticket = parse_code(code or "")
    assert ticket is not None
    with primary() as connection:
        return service.find_ticket(connection, ticket)


def refuse(code: str) -> str:
    """Why there is no booking with this code."""
    with pytest.raises(TicketNotFoundError) as refused:
        find(code)
    return refused.value.detail


@pytest.fixture
def sold(database: dict[str, str], make_show: MakeShow) -> Booking:
    """A booking that is CONFIRMED, among others of its second and of another show."""
    show, other = make_show(), make_show()
    booking_id = book(show.id, "1")
    for seat in "234":
        book(show.id, seat)
        book(other.id, seat)
    settle(show.id)
    settle(other.id)
    return read(booking_id)


def test_only_a_confirmed_booking_has_one(make_show: MakeShow) -> None:
    show = make_show()
    held, failed = hold(show.id, "1"), book(show.id, "1")
    assert [read(each).ticket_code for each in (held, failed)] == [None, None]
    settle(show.id)
    assert [read(each).ticket_code for each in (held, failed)] == [None, None]
    confirm(held)
    assert read(held).ticket_code is None
    settle(show.id)
    code = read(held).ticket_code
    assert code == make_code(held, to_slot(show.id))
    assert find(code).id == held
    cancel(held)
    # Until a worker has cancelled it the seat is its own.
    assert find(code) == read(held)
    settle(show.id)
    assert read(held).ticket_code is None


def test_found_among_others(sold: Booking) -> None:
    codes = {
        id_: make_code(id_, to_slot(show_id)) for id_, show_id in ask("SELECT id, show_id FROM bookings")
    }
    assert len(set(codes.values())) == 7
    assert {id_: find(code).id for id_, code in codes.items()} == {id_: id_ for id_ in codes}


def test_told_with_its_transition(sold: Booking) -> None:
    payloads = ask("SELECT payload FROM events WHERE booking_id = :id", id=sold.id)
    assert [payload["ticket_code"] for (payload,) in payloads] == [sold.ticket_code]


def test_a_cancelled_booking_has_a_void_ticket(sold: Booking) -> None:
    code = sold.ticket_code
    assert code is not None
    cancel(sold.id)
    settle(sold.show_id)
    assert "void" in refuse(code)
    assert str(sold.id) in refuse(code)


def test_a_code_that_was_never_given_out(make_show: MakeShow) -> None:
    show = make_show()
    held = hold(show.id, "1")
    settle(show.id)
    assert "is PENDING" in refuse(make_code(held, to_slot(show.id)))
    assert refuse(make_code(new_id(to_slot(show.id)), to_slot(show.id))) == "No booking has this ticket code."


def test_a_code_of_another_slot(sold: Booking) -> None:
    """The booking is in the slot of its show alone, whatever the rest of the code says."""
    assert "No booking" in refuse(make_code(sold.id, (to_slot(sold.show_id) + 1) % SLOTS))


# Without one, as in development it may be, codes work as well.
@pytest.mark.parametrize("secret", ["another-secret-of-thirty-two-characters", ""])
def test_a_code_of_another_secret(sold: Booking, secret: str) -> None:
    code = sold.ticket_code
    assert code is not None
    with another_secret(secret):
        assert "No booking" in refuse(code)
        assert find(make_code(sold.id, to_slot(sold.show_id))).id == sold.id


def test_an_archived_booking_keeps_its_ticket(sold: Booking) -> None:
    run("UPDATE shows SET start_time = now() - interval '100 days'")
    run("UPDATE bookings SET updated_at = updated_at - interval '100 days'")
    run("UPDATE events SET position = 1 - 2 * seq")
    run("UPDATE event_cursors SET position = 1")
    assert housekeeping.archive_bookings() == 7
    assert ask("SELECT FROM bookings") == []
    assert read(sold.id).ticket_code == sold.ticket_code
    assert find(sold.ticket_code).id == sold.id


def test_found_by_ids(sold: Booking) -> None:
    """However many bookings there are: only those of the slot and the second are looked at."""
    run(
        "INSERT INTO bookings (id, show_id, status, wants, seats, hold, amount, currency)"
        " SELECT gen_random_uuid(), :id, 'CANCELLED', NULL, '{1}', false, 0, 'EUR'"
        " FROM generate_series(1, 5000)",
        id=sold.show_id,
    )
    run("INSERT INTO archived_bookings (id, booking, events) SELECT id, to_jsonb(b), '[]' FROM bookings b")
    run("ANALYZE bookings, archived_bookings")
    ticket = parse_code(sold.ticket_code or "")
    assert ticket is not None
    with primary() as connection:
        plan = "\n".join(
            connection.execute(
                text(f"EXPLAIN {queries._SELECT_IDS_BETWEEN.text}"),
                {"slot": ticket.slot, "first": ticket.first_id, "last": ticket.last_id},
            ).scalars()
        )
    assert "Seq Scan" not in plan
    # By the primary keys, or, where all are of one show, by that show's ids, skipping what comes first.
    assert plan.count("Index Cond: ((id >= ") == 2
