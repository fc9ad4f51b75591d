"""Halls: seat numbers, prices, where seats are drawn, and descriptions that are refused."""

import time
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.halls.build import MAX_SEATS, Hall, HallError, HallSeat, build_hall
from core.halls.layout import BLOCK_GAP, MARGIN, STAGE_DEPTH

STALLS = {"name": "Stalls", "rows": 30, "seats_per_row": 20, "price": 4500}
STANDING = {"name": "Standing", "capacity": 300, "price": 2500}

names = st.text("AB1- é", min_size=1, max_size=4)
prices = st.integers(0, 10_000)
numbered = st.fixed_dictionaries(
    {"name": names, "rows": st.integers(1, 30), "seats_per_row": st.integers(1, 12), "price": prices}
)
unnumbered = st.fixed_dictionaries({"name": names, "capacity": st.integers(1, 30), "price": prices})
descriptions = st.one_of(
    st.fixed_dictionaries({"total_seats": st.integers(1, 400), "price": prices}),
    st.fixed_dictionaries({"sections": st.lists(numbered | unnumbered, min_size=1, max_size=5)}),
)


def numbers(hall: Hall) -> list[str]:
    return [seat.seat_number for seat in hall.seats()]


def refusal(description: dict[str, Any]) -> str:
    with pytest.raises(HallError) as refused:
        build_hall(description)
    return refused.value.faults[0].pointer


def row_widths(seats: list[HallSeat]) -> list[int]:
    rows = [seat.row_index for seat in seats]
    return [rows.count(row) for row in dict.fromkeys(rows)]


def test_counted_seats_have_no_section_and_no_row() -> None:
    seats = list(build_hall({"total_seats": 120, "price": 700}).seats())
    assert [seat.seat_number for seat in seats] == [str(number) for number in range(1, 121)]
    assert {(seat.section, seat.row, seat.price) for seat in seats} == {(None, None, 700)}


@pytest.mark.parametrize("total_seats", [1, 9, 10, 120, 5000])
def test_counted_seats_are_drawn_in_rows_about_twice_as_wide_as_deep(total_seats: int) -> None:
    seats = list(build_hall({"total_seats": total_seats, "price": 0}).seats())
    widths = row_widths(seats)
    assert sum(widths) == total_seats
    assert widths[0] >= min(10, total_seats)
    if total_seats >= 120:
        width = max(seat.x for seat in seats) - min(seat.x for seat in seats)
        depth = max(seat.y for seat in seats) - min(seat.y for seat in seats)
        assert 1.5 < width / depth < 2.6


def test_sections_number_their_seats_by_row_or_count() -> None:
    found = numbers(build_hall({"sections": [STALLS, STANDING]}))
    assert found[0] == "Stalls-A-1"
    assert found[20] == "Stalls-B-1"
    assert found[26 * 20] == "Stalls-AA-1"
    assert found[600] == "Standing-1"
    assert found[-1] == "Standing-300"


def test_sections_stand_one_behind_the_other_before_a_stage() -> None:
    hall = build_hall({"sections": [STALLS, {**STALLS, "name": "Circle", "seats_per_row": 10}]})
    rows = list(dict.fromkeys(seat.y for seat in hall.seats()))
    assert rows == sorted(rows)
    assert len(rows) == 60
    stage = hall.layout()["areas"][0]
    assert stage["text"]["text"] == "Stage"
    assert stage["position"]["y"] + stage["rectangle"]["height"] < rows[0]
    middles = {sum(seat.x for seat in row) / len(row) for row in by_row(hall)}
    assert middles == {hall.focus[0]} == {hall.layout()["size"]["width"] / 2}


def by_row(hall: Hall) -> list[list[HallSeat]]:
    rows: dict[int | None, list[HallSeat]] = {}
    for seat in hall.seats():
        rows.setdefault(seat.row_index, []).append(seat)
    return list(rows.values())


def test_sections_tell_their_prices_and_shape() -> None:
    stalls, standing = build_hall({"sections": [STALLS, STANDING]}).sections
    assert (stalls.capacity, stalls.rows, stalls.seats_per_row, stalls.numbered) == (600, 30, 20, True)
    assert (standing.capacity, standing.rows, standing.price, standing.price_max) == (300, None, 2500, 2500)


def test_layout_draws_an_unnumbered_section_as_an_area_without_seats() -> None:
    hall = build_hall({"sections": [STALLS, STANDING]})
    layout = hall.layout()
    stalls, standing = layout["sections"]
    assert stalls["seats"][0].keys() == {"seat_number", "row", "label", "x", "y", "price", "category"}
    assert standing == {"name": "Standing", "numbered": False, "capacity": 300, "seats": []}
    assert [area["text"]["text"] for area in layout["areas"]] == ["Stage", "Standing"]
    assert layout["categories"] == []
    assert layout == hall.layout()


NEAR_MISSES = """
Stalls-A-0 Stalls-A-21 Stalls-A-01 Stalls-a-1 stalls-A-1 Stalls-AE-1 Stalls--1 Stalls-A- Stalls-A Stalls -
Stalls-A-+1
Stalls-A-1_0 Standing-0 Standing-301 Standing-A-1 Standing-01 Stalls-A-\N{ARABIC-INDIC DIGIT ONE}
Stalls-A-\N{SUPERSCRIPT TWO}
"""


@pytest.mark.parametrize(
    "spelling",
    [
        *NEAR_MISSES.split(),
        "",
        "Stalls-A- 1",
        "Stalls-A-1 ",
        "Stalls-A-" + "1" * 5000,
        f"Stalls-{'A' * 5000}-1",
    ],
)
def test_no_other_spelling_is_a_seat(spelling: str) -> None:
    assert build_hall({"sections": [STALLS, STANDING]}).price_of(spelling) is None


@pytest.mark.parametrize(
    "spelling", ["0", "01", "121", " 1", "+1", "\N{ARABIC-INDIC DIGIT ONE}", "", "-1", "1.0", "9" * 5000]
)
def test_no_other_spelling_is_a_counted_seat(spelling: str) -> None:
    assert build_hall({"total_seats": 120, "price": 0}).price_of(spelling) is None


@given(descriptions, st.data())
def test_seats_agree_with_prices_and_totals(description: dict[str, Any], data: st.DataObject) -> None:
    try:
        hall = build_hall(description)
    except HallError:
        return
    seats = list(hall.seats())
    known = {seat.seat_number: seat.price for seat in seats}
    assert len(known) == len(seats) == hall.total_seats
    assert all(hall.price_of(number) == price for number, price in known.items())
    spelling = data.draw(st.sampled_from(sorted(known)))
    for near_miss in (
        spelling + "0",
        "0" + spelling,
        spelling[:-1],
        spelling + " ",
        spelling.replace("-", "--"),
    ):
        assert hall.price_of(near_miss) == known.get(near_miss)
    order = [(seat.row_index, seat.place) for seat in seats if seat.place]
    assert all(after[0] == before[0] or after[1] == 1 for before, after in pairwise(order))
    assert len(order) == len(set(order))


@given(st.lists(numbered | unnumbered, min_size=1, max_size=5))
def test_sections_are_refused_only_where_names_or_numbers_clash(sections: list[dict[str, Any]]) -> None:
    spelled = [number for one in sections for number in numbers(build_hall({"sections": [one]}))]
    section_names = [one["name"] for one in sections]
    if len(spelled) == len(set(spelled)) and len(section_names) == len(set(section_names)):
        assert numbers(build_hall({"sections": sections})) == spelled
    else:
        assert refusal({"sections": sections}).endswith("/name")


def test_refusals_point_at_what_is_wrong() -> None:
    assert refusal({"sections": [STALLS, STANDING, STALLS]}) == "/sections/2/name"
    assert refusal({"sections": [{**STANDING, "name": "Stalls-AD"}, STALLS]}) == "/sections/0/name"
    assert build_hall({"sections": [{**STANDING, "name": "Stalls-AE"}, STALLS]}).total_seats == 900
    assert refusal({"sections": []}) == "/sections"
    assert refusal({"sections": [{**STALLS, "name": ""}]}) == "/sections/0/name"
    assert refusal({"sections": [STALLS, {**STALLS, "rows": 0}]}) == "/sections/1/rows"
    assert refusal({"sections": [{**STANDING, "capacity": 0}]}) == "/sections/0/capacity"
    assert refusal({"total_seats": 0, "price": 0}) == "/total_seats"


def test_all_clashes_are_named_with_both_of_their_sections() -> None:
    one_row = {"rows": 1, "seats_per_row": 1, "price": 0}
    described = [
        STALLS,
        {**STANDING, "name": "Stalls-AD"},
        {**STANDING, "name": "Stalls"},
        {**STANDING, "name": "X-A", "capacity": 7},
        {"name": "X", **one_row},
    ]
    with pytest.raises(HallError) as refused:
        build_hall({"sections": described})
    assert [(fault.pointer, fault.detail) for fault in refused.value.faults] == [
        ("/sections/2/name", "is the name of /sections/0 too"),
        (
            "/sections/1/name",
            'seats "Stalls-AD-1" to "Stalls-AD-20" would be those of row AD of /sections/0 too',
        ),
        ("/sections/3/name", 'seats "X-A-1" would be those of row A of /sections/4 too'),
    ]
    with pytest.raises(HallError) as refused:
        build_hall({"sections": [STALLS] * 30})
    assert [fault.pointer for fault in refused.value.faults] == [f"/sections/{n}/name" for n in range(1, 21)]
    assert refused.value.detail == "29 things about the hall are wrong; errors has the first 20."


@pytest.mark.parametrize("described", [{"total_seats": 60, "price": 0}, {"sections": [STALLS, STANDING]}])
def test_what_is_looked_at_may_be_said_of_halls_that_are_made(described: dict[str, Any]) -> None:
    as_made = build_hall(described)
    width, height = (as_made.layout()["size"][extent] for extent in ("width", "height"))
    # Not of the drawing, which has room for a stage.
    rows_middle = (MARGIN + STAGE_DEPTH + BLOCK_GAP + height - MARGIN) / 2
    top = build_hall({**described, "focus": "top"})
    assert (top.focus, top.layout()) == (as_made.focus, as_made.layout())
    for focus, place in (
        ("bottom", (width / 2, height)),
        ("left", (0, rows_middle)),
        ("right", (width, rows_middle)),
        ({"x": -5.5, "y": 7.0}, (-5.5, 7.0)),
    ):
        hall = build_hall({**described, "focus": focus})
        assert hall.focus == place
        # No stage is drawn where it is not; seats stay where they are.
        assert hall.layout()["areas"] == as_made.layout()["areas"][1:]
        assert list(hall.seats()) == list(as_made.seats())


def test_halls_have_at_most_so_many_seats() -> None:
    assert build_hall({"total_seats": MAX_SEATS, "price": 0}).total_seats == MAX_SEATS
    assert refusal({"total_seats": MAX_SEATS + 1, "price": 0}) == "/total_seats"
    many = {**STALLS, "rows": MAX_SEATS, "seats_per_row": 1}
    assert refusal({"sections": [many, STANDING]}) == "/sections"
    assert refusal({"sections": [{**many, "rows": 10**18}]}) == "/sections"


def test_sections_are_found_however_they_are_composed() -> None:
    hall = build_hall({"sections": [STALLS, STANDING, {**STANDING, "name": "Cafe\u0301"}]})
    assert [hall.find_section(name) for name in ("Standing", "standing", "Cafe")] == ["Standing", None, None]
    assert [hall.find_section(name) for name in ("Cafe\u0301", "Caf\u00e9", " Standing")] == [
        "Cafe\u0301",
        "Cafe\u0301",
        "Standing",
    ]
    assert build_hall({"total_seats": 5, "price": 0}).find_section("None") is None


def test_names_of_a_hall_of_before_are_each_found_by_their_own_spelling() -> None:
    names = ["Caf\u00e9", "Cafe\u0301", "A", " A"]
    hall = build_hall({"sections": [{**STANDING, "name": name} for name in names]})
    assert list(map(hall.find_section, names)) == names


def test_the_price_of_one_seat_does_not_take_the_whole_hall() -> None:
    description = {"sections": [{**STALLS, "rows": 1000, "seats_per_row": 100}]}
    started = time.process_time()
    for _ in range(100):
        assert build_hall(description).price_of("Stalls-A-1") == 4500
    assert time.process_time() - started < 0.5
