"""What hands do to a map: they click, tap, drag and zoom it."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.external.browser.maps import STALLS, STANDING, drag, look_at, stadium, theatre

WHEEL = """([options, x, y]) => host.dispatchEvent(
    new WheelEvent("wheel", { deltaY: -200, clientX: x, clientY: y, cancelable: true, ...options }))"""


def test_a_wheel_scrolls_the_page_unless_a_key_is_held(open_hall: Callable[..., Page]) -> None:
    page = open_hall(stadium(5_000))
    scale = page.evaluate("() => stage.scale")
    assert page.evaluate(WHEEL, [{}, 240, 160])
    assert page.evaluate("() => stage.scale") == scale
    page.wait_for_selector("text=Use Ctrl and the wheel to zoom")
    for key in ("ctrlKey", "metaKey"):
        assert not page.evaluate(WHEEL, [{key: True}, 240, 160])
        nearer = page.evaluate("() => stage.scale")
        assert nearer > scale
        scale = nearer


def test_a_click_tells_of_the_seat_beneath_it(open_hall: Callable[..., Page]) -> None:
    page = open_hall(theatre(STALLS))
    place = page.evaluate("() => stage.toScreen(17)")
    page.mouse.click(place["x"] + place["r"] / 2, place["y"])
    page.mouse.click(2, 318)
    picks = [told for name, told in page.evaluate("() => told") if name == "stage-pick"]
    assert [(pick["index"], pick["pointer"]) for pick in picks] == [(17, "mouse"), (None, "mouse")]


def test_a_finger_finds_a_seat_22_pixels_away(open_hall: Callable[..., Page]) -> None:
    page = open_hall(theatre(STALLS), touch=True)
    place = page.evaluate("() => stage.toScreen(0)")
    page.touchscreen.tap(place["x"] - 20, place["y"] - 5)
    page.touchscreen.tap(place["x"] - 40, place["y"] - 5)
    picks = [told for name, told in page.evaluate("() => told") if name == "stage-pick"]
    assert [(pick["index"], pick["pointer"]) for pick in picks] == [(0, "touch"), (None, "touch")]


def test_two_fingers_zoom_where_one_scrolls_the_page(open_hall: Callable[..., Page]) -> None:
    page = open_hall(stadium(5_000), touch=True)
    assert page.evaluate("() => host.style.touchAction") == "pan-y"
    before = page.evaluate("() => stage.scale")
    session = page.context.new_cdp_session(page)
    for kind, apart in (("touchStart", 20), ("touchMove", 40), ("touchMove", 60)):
        fingers = [{"x": 240 + side * apart, "y": 160, "id": side} for side in (0, 1)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    assert page.evaluate("() => stage.scale") == pytest.approx(3 * before, rel=0.001)
    assert page.evaluate("() => host.style.touchAction") == "none"


def test_a_drag_moves_the_map_and_picks_nothing(open_hall: Callable[..., Page]) -> None:
    page = open_hall(stadium(5_000))
    look_at(page, 6, 1)
    assert drag(page, -40, 30) == (pytest.approx(-40), pytest.approx(30))
    assert "stage-pick" not in [name for name, _ in page.evaluate("() => told")]


def test_a_section_from_afar_is_come_nearer_to(open_hall: Callable[..., Page]) -> None:
    page = open_hall(stadium(20_000))
    assert page.evaluate("() => stage.level") == "sections"
    place = page.evaluate("() => stage.view.transform.apply(hall.sections[3].center)")
    page.mouse.click(*place)
    told = page.evaluate("() => told")
    assert [each["section"] for name, each in told if name == "stage-section"] == ["104"]
    page.evaluate("() => settle()")
    assert page.evaluate("() => stage.level") in ("seats", "labels")


def test_a_standing_section_is_told_of_at_every_level(open_hall: Callable[..., Page]) -> None:
    page = open_hall(theatre(STALLS, STANDING))
    page.mouse.click(*page.evaluate("() => stage.view.transform.apply(hall.sections[1].center)"))
    told = page.evaluate("() => told")
    assert [each["section"] for name, each in told if name == "stage-section"] == ["Standing"]


def test_the_minimap_shows_where_one_is_and_moves_the_view(open_hall: Callable[..., Page]) -> None:
    page = open_hall(stadium(5_000))
    minimap = page.locator("canvas").nth(1)
    assert not minimap.is_visible()
    look_at(page, 6, 1)
    assert minimap.is_visible()
    seen = page.evaluate("() => stage.view.seen")
    minimap.click(position={"x": 20, "y": 60})
    moved = page.evaluate("() => stage.view.seen")
    assert moved["maxX"] < seen["minX"]
    assert "stage-pick" not in [name for name, _ in page.evaluate("() => told")]
