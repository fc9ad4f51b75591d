"""What a map draws at each level, and that it draws no more than it has to."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.external.browser.hosting import Host
from tests.external.browser.maps import (
    STALLS,
    STANDING,
    check_picture,
    count_different,
    drawn,
    look_at,
    open_map,
    stadium,
    take,
    theatre,
)

# Every look: free, held, booked, chosen, and each but the last dimmed.
SHOW_LOOKS = """() => {
    hall.setStates(Uint8Array.from({ length: hall.count }, (_, n) => n % 3));
    for (const index of [3, 4, 9]) hall.selected.add(index);
    hall.filter = (index) => index % 20 < 12;
    stage.update(null);
}"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("level", "factor"), [("sections", 0.001), ("dots", 0.2), ("seats", 0.5), ("labels", 1.0)]
)
def test_each_level_looks_as_it_should(
    open_hall: Callable[..., Page], level: str, factor: float, dark: bool
) -> None:
    style = {"color-scheme": "light dark", "font-family": "sans-serif"}
    page = open_hall(stadium(20_000), dark=dark, options={"style": style})
    page.evaluate(SHOW_LOOKS)
    look_at(page, 6, factor)
    assert page.evaluate("() => stage.level") == level
    check_picture(page, f"{level}-{'dark' if dark else 'light'}")


def test_states_have_shapes_of_their_own_without_any_color(open_hall: Callable[..., Page]) -> None:
    page = open_hall(theatre(STALLS, STANDING), forced_colors=True)
    page.evaluate(SHOW_LOOKS)
    check_picture(page, "forced")


def test_areas_are_drawn_in_their_shapes_and_colors(open_hall: Callable[..., Page]) -> None:
    check_picture(open_hall(drawn()), "areas")


@pytest.mark.parametrize("factor", [0.2, 0.5, 1.0], ids=["dots", "seats", "labels"])
def test_changed_seats_are_drawn_in_place_as_the_whole_would_be(
    open_hall: Callable[..., Page], factor: float
) -> None:
    page = open_hall(stadium(5_000))
    look_at(page, 6, factor)
    before = take(page)
    page.evaluate(
        """() => {
            const changes = {};
            for (let n = 0; n < 300; n++) changes[hall.numbers[n]] = ["available", "held", "booked"][n % 3];
            for (const index of [3, 4, 9]) hall.selected.add(index);
            stage.update([...hall.apply(changes), 3, 4, 9]);
        }"""
    )
    in_place = take(page)
    assert count_different(before, in_place) > 100
    page.evaluate("() => stage.setTheme()")
    assert in_place.tobytes() == take(page).tobytes()


@pytest.mark.parametrize("factor", [0.001, 0.5], ids=["sections", "seats"])
def test_a_view_looks_the_same_however_it_was_come_to(open_hall: Callable[..., Page], factor: float) -> None:
    page = open_hall(stadium(5_000))
    look_at(page, 6, factor)
    at_once = take(page)
    page.evaluate("async () => { for (let n = 0; n < 40; n++) { stage.panBy(-13, 7); await settle(); } }")
    assert count_different(at_once, take(page)) > 100 or factor < 0.01
    page.evaluate("async () => { stage.zoomBy(3); await settle(); stage.fit(); await settle(); }")
    look_at(page, 6, factor)
    assert at_once.tobytes() == take(page).tobytes()


def test_nothing_is_drawn_while_nothing_changes(open_hall: Callable[..., Page]) -> None:
    page = open_hall(stadium(5_000))
    frames = page.evaluate(
        """async () => {
            const before = stage.stats().frames;
            for (let n = 0; n < 20; n++) await new Promise((resolve) => requestAnimationFrame(resolve));
            return stage.stats().frames - before;
        }"""
    )
    assert frames == 0


def test_a_hidden_map_draws_nothing_and_is_up_to_date_once_shown(open_hall: Callable[..., Page]) -> None:
    page = open_hall(theatre(STALLS))
    before = take(page)
    frames = page.evaluate(
        """async () => {
            host.style.setProperty("display", "none");
            await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
            const { frames } = stage.stats();
            stage.update(hall.apply({ "Stalls-A-3": "booked", "Stalls-B-3": "held" }));
            await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
            return stage.stats().frames - frames;
        }"""
    )
    assert frames == 0
    page.evaluate(
        """async () => {
            host.style.removeProperty("display");
            await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
        }"""
    )
    assert count_different(before, take(page)) > 50


def test_a_map_of_another_size_keeps_what_is_in_its_middle(open_hall: Callable[..., Page]) -> None:
    page = open_hall(stadium(5_000))
    look_at(page, 6, 1)
    page.set_viewport_size({"width": 300, "height": 500})
    page.wait_for_selector("canvas[width='300'][height='500']")
    place = page.evaluate("() => stage.toScreen(6)")
    assert (place["x"], place["y"]) == (pytest.approx(150, abs=1), pytest.approx(250, abs=1))


def test_the_view_moves_at_once_where_motion_is_to_be_reduced(open_hall: Callable[..., Page]) -> None:
    page = open_hall(stadium(5_000))
    assert page.evaluate("() => { stage.zoomBy(2); return stage.view.moving; }") is False


def test_the_view_moves_smoothly_else(open_module_page: Callable[..., Page], host: Host) -> None:
    page = open_map(open_module_page, host, stadium(5_000))
    scales = page.evaluate(
        """async () => {
            const scales = [stage.scale];
            stage.zoomBy(4);
            while (stage.view.moving) {
                await new Promise((resolve) => requestAnimationFrame(resolve));
                scales.push(stage.scale);
            }
            return scales;
        }"""
    )
    assert len(set(scales)) > 2
    assert scales[-1] == pytest.approx(4 * scales[0])


def test_a_map_in_print_is_black_on_white(open_hall: Callable[..., Page]) -> None:
    page = open_hall(theatre(STALLS), dark=True, options={"style": {"color-scheme": "light dark"}})
    assert take(page).getpixel((2, 2))[0] < 50
    page.evaluate("() => { dispatchEvent(new Event('beforeprint')); }")
    assert take(page).getpixel((2, 2)) == (255, 255, 255, 255)
    page.evaluate("() => { dispatchEvent(new Event('afterprint')); }")
    assert take(page).getpixel((2, 2))[0] < 50
