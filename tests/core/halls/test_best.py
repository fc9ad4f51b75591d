"""The choice of best seats: each rule by example, and how long it takes."""

import random
import time

import pytest

from core.halls.best import BestSeats, Choice
from core.halls.build import build_hall
from tests.core.halls.small_halls import CIRCLE, DEMO, GARDEN, STALLS, STANDING, drawn, numbers, sections


def chosen(best: BestSeats, quantity: int, section: str | None = None) -> set[str]:
    choice = best.choose(quantity, section)
    assert choice is not None
    return set(choice.seats)


def test_neighbours_in_the_middle_of_the_front_row() -> None:
    hall = sections(STALLS)
    choice = BestSeats(hall, numbers(hall)).choose(3)
    assert choice == Choice(("Stalls-A-4", "Stalls-A-5", "Stalls-A-6"), together=True, amount=900)


def test_one_seat_is_the_best_single_seat() -> None:
    hall = sections(STALLS)
    assert chosen(BestSeats(hall, numbers(hall)), 1) == {"Stalls-A-5"}


def test_ties_go_by_seat_order() -> None:
    hall = sections(STALLS)
    assert chosen(BestSeats(hall, numbers(hall)), 2) == {"Stalls-A-4", "Stalls-A-5"}


def test_the_nearest_run_by_the_mean_wins_over_the_one_with_the_nearest_seat() -> None:
    hall = drawn([50, 270, 490], [40, 50, 60])
    assert chosen(BestSeats(hall, ["0-0", "0-1", "1-0", "1-1"]), 2) == {"1-0", "1-1"}


def test_taken_seats_break_a_run() -> None:
    hall = sections(STALLS)
    best = BestSeats(hall, numbers(hall))
    best.discard(["Stalls-A-3", "Stalls-A-7"])
    assert chosen(best, 4) == {f"Stalls-B-{place}" for place in (3, 4, 5, 6)}


def test_in_the_section_asked_for() -> None:
    hall = sections(STALLS, CIRCLE, STANDING)
    best = BestSeats(hall, numbers(hall))
    assert chosen(best, 1, "Circle") == {"Circle-A-5"}
    assert best.choose(19, "Circle") is None
    assert best.choose(1, "Cellar") is None


def test_not_across_an_aisle_while_there_is_another_row() -> None:
    hall = drawn([20, 30, 40, 60, 70, 80], [200, 210, 220, 230])
    best = BestSeats(hall, numbers(hall))
    assert chosen(best, 4) == {"1-0", "1-1", "1-2", "1-3"}


def test_across_an_aisle_rather_than_across_rows() -> None:
    hall = drawn([20, 30, 40, 60, 70, 80], [200, 210, 220])
    choice = BestSeats(hall, numbers(hall)).choose(4)
    assert choice == Choice(("0-1", "0-2", "0-3", "0-4"), together=True, amount=0)


def test_an_uneven_row_has_no_aisle() -> None:
    hall = drawn([30, 40, 51, 60, 70], [50, 60, 70, 80, 90])
    assert chosen(BestSeats(hall, numbers(hall)), 5) == {f"0-{place}" for place in range(5)}


def test_across_rows_close_to_each_other() -> None:
    hall = sections(STALLS)
    free = ["Stalls-A-1", "Stalls-B-5", "Stalls-C-5", "Stalls-C-7"]
    choice = BestSeats(hall, free).choose(3)
    assert choice == Choice(("Stalls-B-5", "Stalls-C-5", "Stalls-C-7"), together=False, amount=900)


def test_a_lonely_seat_in_front_does_not_split_a_group() -> None:
    hall = sections({**STALLS, "rows": 20})
    behind = [f"Stalls-{row}-{place}" for row in "PQ" for place in (1, 3)]
    assert chosen(BestSeats(hall, ["Stalls-A-5", *behind]), 4) == set(behind)


def test_across_rows_within_the_section_asked_for() -> None:
    hall = sections(STALLS, CIRCLE)
    free = ["Stalls-A-5", "Circle-A-1", "Circle-B-1"]
    assert chosen(BestSeats(hall, free), 2, "Circle") == {"Circle-A-1", "Circle-B-1"}


def test_an_unnumbered_section_gives_its_first_free_seats() -> None:
    hall = sections(STALLS, STANDING)
    best = BestSeats(hall, numbers(hall))
    best.discard(["Standing-2"])
    assert best.choose(3, "Standing") == Choice(("Standing-1", "Standing-3", "Standing-4"), True, 300)
    assert best.choose(5, "Standing") is None


def test_numbered_seats_come_before_unnumbered_ones() -> None:
    hall = sections(STANDING, STALLS)
    assert chosen(BestSeats(hall, ["Standing-1", "Standing-2", "Stalls-A-1", "Stalls-C-9"]), 2) == {
        "Stalls-A-1",
        "Stalls-C-9",
    }


def test_one_unnumbered_section_that_has_enough() -> None:
    hall = sections(STALLS, STANDING, GARDEN)
    free = ["Stalls-A-1", "Standing-1", "Standing-2", *(f"Garden-{number}" for number in range(1, 7))]
    choice = BestSeats(hall, free).choose(3)
    assert choice == Choice(("Garden-1", "Garden-2", "Garden-3"), together=True, amount=150)


def test_any_mixture_at_last() -> None:
    hall = sections(STALLS, STANDING, GARDEN)
    best = BestSeats(hall, ["Stalls-A-1", "Standing-4", "Standing-5", "Garden-2"])
    choice = best.choose(4)
    assert choice == Choice(
        ("Stalls-A-1", "Standing-4", "Standing-5", "Garden-2"), together=False, amount=550
    )
    assert best.choose(5) is None


def test_what_is_chosen_stays_free_until_discarded() -> None:
    hall = sections(STALLS)
    best = BestSeats(hall, numbers(hall))
    first = best.choose(2)
    assert best.choose(2) == first
    assert first is not None
    best.discard(first.seats)
    best.discard(first.seats)
    assert best.choose(25) is not None
    assert best.choose(26) is None


def test_the_audience_looks_at_the_field_not_at_the_edge_of_the_plan() -> None:
    field = {
        "shape": "rectangle",
        "position": {"x": 0, "y": 250},
        "rectangle": {"width": 100, "height": 10},
        "text": {"text": "Spielfeld"},
    }
    rows = [[40.0, 50.0, 60.0]] * 3
    for areas, best_seat in ((), "0-1"), ((field,), "2-1"):
        hall = drawn(*rows, focus=None, areas=areas)
        assert chosen(BestSeats(hall, numbers(hall)), 1) == {best_seat}


def test_the_best_seats_of_a_real_hall_are_in_the_middle_beside_the_field() -> None:
    best = BestSeats(DEMO, numbers(DEMO))
    choice = best.choose(4)
    assert choice is not None
    assert {(seat.section, seat.row) for seat in DEMO.seats() if seat.seat_number in choice.seats} <= {
        ("Block B", "1"),
        ("Block E", "6"),
    }


def test_suggestions_are_disjoint_and_leave_the_seats_free() -> None:
    hall = sections(STALLS)
    best = BestSeats(hall, numbers(hall))
    suggestions = best.suggest(3)
    assert [choice.seats[0] for choice in suggestions] == ["Stalls-A-4", "Stalls-A-1", "Stalls-A-7"]
    assert best.suggest(3) == suggestions
    assert best.choose(3) == suggestions[0]
    assert best.suggest(14) == [best.choose(14)]
    assert best.suggest(28) == []


def test_suggestions_near_a_seat() -> None:
    hall = sections(STALLS, STANDING)
    best = BestSeats(hall, numbers(hall))
    assert best.suggest(2, near="Stalls-C-9")[0].seats == ("Stalls-C-8", "Stalls-C-9")
    assert best.suggest(1, near="Stalls-C-9", limit=1)[0].seats == ("Stalls-C-9",)
    assert [choice.seats for choice in best.suggest(2, section="Standing", near="Stalls-A-1")] == [
        ("Standing-1", "Standing-2"),
        ("Standing-3", "Standing-4"),
    ]
    with pytest.raises(KeyError):
        best.suggest(2, near="Stalls-Z-9")


def test_a_batch_of_choices_in_the_largest_hall_takes_little_time() -> None:
    hall = build_hall({"total_seats": 100_000, "price": 1})
    best = BestSeats(hall, map(str, range(1, 100_001)))
    best.choose(2)
    started = time.process_time()
    for _ in range(500):
        choice = best.choose(2)
        assert choice is not None
        best.discard(choice.seats)
    assert time.process_time() - started < 0.5


def test_choices_are_the_same_every_time() -> None:
    quantities = random.Random(1).choices(range(1, 7), k=60)

    def settle() -> list[Choice | None]:
        hall = sections(STALLS, CIRCLE, STANDING)
        best = BestSeats(hall, set(numbers(hall)))
        choices = []
        for quantity in quantities:
            choices.append(best.choose(quantity))
            best.discard(choices[-1].seats if choices[-1] else ())
        return choices

    assert settle() == settle()


def test_large_groups_get_the_seats_nearest_the_focus_and_quickly() -> None:
    hall = build_hall({"sections": [{"name": "S", "rows": 200, "seats_per_row": 40, "price": 1}]})
    best = BestSeats(hall, [seat.seat_number for seat in hall.seats()])
    started_at = time.process_time()
    choice = best.choose(600)
    assert choice is not None
    assert (len(set(choice.seats)), choice.together, choice.amount) == (600, False, 600)
    rows = {seat.split("-")[1] for seat in choice.seats}
    assert "A" in rows
    assert "GR" not in rows
    # Looking at every group around every seat took seconds; the bound is far from both.
    assert time.process_time() - started_at < 2
