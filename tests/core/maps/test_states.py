"""Maps of two bits a seat: what they say is what the other maps say, of one version, in halls of any size."""

import gzip
import random
import time
from base64 import b64decode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.contract import ANSWER_SECONDS
from core.maps import maps
from core.settling.worker import settle_show
from core.shows.catalogue import get_entry
from core.shows.service import Show
from tests.acting import ask, book, cancel, confirm, hold, run, settle_all
from tests.core.maps.test_pages import unpack
from tests.races.racing import insist, settlers

MakeShow = Callable[..., Show]

STATUSES = ("available", "held", "booked")
SECTIONS = [
    {"name": "Stalls", "rows": 3, "seats_per_row": 7, "price": 4500},
    {"name": "Standing", "capacity": 6, "price": 2500},
]


def read_bits(text: str, seats: int) -> list[str]:
    """The statuses that a map has, as a client reads them: one seat after the other."""
    packed = b64decode(text, validate=True)
    assert len(packed) == (seats + 3) // 4
    assert packed[-1] >> 2 * ((seats - 1) % 4 + 1) == 0
    return [STATUSES[packed[seat // 4] >> 2 * (seat % 4) & 3] for seat in range(seats)]


def read_states(show: Show) -> tuple[int, dict[str, str]]:
    """The map's version, and each seat's status by the order of the columns."""
    found = unpack(maps.read_states(show.id).body)
    assert found.keys() == {"show_id", "version", "states"}
    assert found["show_id"] == show.id
    columns = unpack(maps.read_layout(show.id, by_columns=True))["seats"]
    bits = read_bits(found["states"], show.total_seats)
    return found["version"], dict(zip(columns["seat_number"], bits, strict=True))


def read_taken(show_id: int) -> tuple[int, dict[str, list[str]]]:
    found = unpack(maps.read_availability(show_id, since=None).body)
    return found["version"], {status: found[status] for status in ("held", "booked")}


def list_taken(states: dict[str, str]) -> dict[str, list[str]]:
    return {
        wanted: [seat for seat, status in states.items() if status == wanted] for wanted in ("held", "booked")
    }


@given(st.binary(min_size=1, max_size=40).map(lambda given: bytes(each % 3 for each in given)))
def test_two_bits_a_seat_the_first_in_the_lowest(states: bytes) -> None:
    packed = maps.pack_states(states)
    assert [packed[seat // 4] >> 2 * (seat % 4) & 3 for seat in range(len(states))] == list(states)
    assert len(packed) == (len(states) + 3) // 4


def test_first_bytes_are_as_they_are_written_down() -> None:
    assert maps.pack_states(b"\1\2\0\0\2") == bytes([0b00_00_10_01, 0b10])


@pytest.mark.parametrize("hall", [{"total_seats": n} for n in (1, 3, 4, 5, 250)] + [{"sections": SECTIONS}])
def test_states_say_what_the_other_maps_say(
    database: dict[str, str], make_show: MakeShow, hall: dict[str, Any]
) -> None:
    show, chance = make_show(**hall), random.Random(7)
    numbers = [seat.seat_number for seat in get_entry(show.id).hall.seats()]
    assert read_states(show) == (1, dict.fromkeys(numbers, "available"))
    for seat in chance.sample(numbers, max(1, len(numbers) // 2)):
        book(show.id, seat, hold=chance.random() < 0.5)
    settle_all(show.id)
    version, states = read_states(show)
    listed = unpack(maps.read_seats(show.id, maps.SeatsFilter(), to_cursor=str).body)
    assert (version, states) == (
        listed["version"],
        {seat["seat_number"]: seat["status"] for seat in listed["seats"]},
    )
    assert list(states) == numbers
    assert (version, list_taken(states)) == read_taken(show.id)


def test_states_follow_a_booking(database: dict[str, str], make_show: MakeShow) -> None:
    show = make_show(total_seats=5)
    kept, released = hold(show.id, "2"), hold(show.id, "5")
    assert read_states(show)[1] == {
        "1": "available", "2": "held", "3": "available", "4": "available", "5": "held"
    }  # fmt: skip
    confirm(kept)
    cancel(released)
    settle_all(show.id)
    assert list_taken(read_states(show)[1]) == {"held": [], "booked": ["2"]}


def test_a_map_that_is_read_while_seats_are_settled_is_no_mix(
    database: dict[str, str], make_show: MakeShow
) -> None:
    """Of each version there is one map, whichever format tells it, and a booking has both of its seats."""
    show, is_over = make_show(total_seats=120), Event()
    pairs = [(str(seat), str(seat + 60)) for seat in range(1, 61)]

    def follow() -> list[tuple[int, dict[str, list[str]]]]:
        seen = []
        while not is_over.is_set():
            version, states = read_states(show)
            assert all(states[one] == states[other] for one, other in pairs)
            seen.append((version, list_taken(states)))
        return seen

    def follow_taken() -> list[tuple[int, dict[str, list[str]]]]:
        seen = []
        while not is_over.is_set():
            seen.append(read_taken(show.id))
        return seen

    with ThreadPoolExecutor(4) as threads:
        readers = [threads.submit(read) for read in (follow, follow, follow, follow_taken)]
        try:
            with settlers(show.id, count=2):
                for turn, pair in enumerate(pairs):
                    booking_id = book(show.id, *pair, hold=turn % 2 == 0)
                    settle_show(show.id)
                    if turn % 4 == 0:
                        insist(lambda booking_id=booking_id: cancel(booking_id))
        finally:
            is_over.set()
    maps_of: dict[int, dict[str, list[str]]] = {}
    for reader in readers:
        seen = reader.result()
        versions = [version for version, _ in seen]
        assert versions == sorted(versions)
        for version, taken in seen:
            assert maps_of.setdefault(version, taken) == taken
    assert len(maps_of) > 5


LARGEST_LAYOUT, BYTES_A_STATE = 1_000_000, 0.34


@pytest.mark.parametrize("seats", [5_000, 20_000, 100_000])
def test_size_and_time_of_large_maps(database: dict[str, str], make_show: MakeShow, seats: int) -> None:
    blocks = [
        {"name": f"Block {n}", "rows": 25, "seats_per_row": 40, "price": 3000 + n}
        for n in range(1, seats // 1000 + 1)
    ]
    show = make_show(sections=blocks)
    run(
        """UPDATE seats SET (status, booking_id, hold_expires_at) = (
               SELECT kind, CASE WHEN kind <> 'available' THEN gen_random_uuid() END,
                      CASE WHEN kind = 'held' THEN now() END
               FROM (SELECT (ARRAY['available', 'held', 'booked'])[1 + abs(hashint8(seats.id)) % 3]) _ (kind)
           ) WHERE show_id = :id""",
        id=show.id,
    )
    get_entry(show.id)
    sizes = {}
    for name, read in {
        "layout": lambda: maps.read_layout(show.id, by_columns=False),
        "layout?format=columns": lambda: maps.read_layout(show.id, by_columns=True),
        "availability": lambda: maps.read_availability(show.id, since=None).body,
        "availability?format=states": lambda: maps.read_states(show.id).body,
    }.items():
        began, worked_before = time.monotonic(), time.process_time()
        packed = read()
        took, worked = time.monotonic() - began, time.process_time() - worked_before
        plain = gzip.decompress(packed)
        sizes[name] = len(plain), len(packed)
        told = f"{seats} seats, {name}: {len(plain)} bytes, {len(packed)} gzipped"
        told += f", {worked * 1000:.0f} ms of CPU here, {took * 1000:.0f} ms with all that was waited for"
        print(f"\n{told}", end="")  # noqa: T201 (pytest shows it with -s, or where the test fails)
        assert worked < ANSWER_SECONDS
    plain, packed_layout = sizes["layout?format=columns"]
    assert plain < sizes["layout"][0] / 2 and packed_layout < LARGEST_LAYOUT
    assert sizes["availability?format=states"][0] < seats * BYTES_A_STATE + 100
    _, states = read_states(show)
    assert states == {
        row.seat_number: row.status
        for row in ask("SELECT seat_number, status FROM seats WHERE show_id = :id", id=show.id)
    }
