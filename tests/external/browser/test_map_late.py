"""What moves a map comes after its first picture."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route

from tests.external.browser.hosting import Host
from tests.external.browser.maps import drag, look_at, open_map, stadium


def test_a_view_stays_as_it_was_made_before_hands_could_move_it(
    open_module_page: Callable[..., Page], host: Host
) -> None:
    page = open_map(open_module_page, host, stadium(5_000), reduced_motion=True)
    early, scale = page.evaluate(
        """async () => {
            stage.destroy();
            window.stage = new stage.constructor(host, hall);
            stage.zoomTo({ index: 6 });
            const early = [stage.idle, stage.scale];
            await settle();
            return [early, stage.scale];
        }"""
    )
    assert early == [False, scale]
    assert drag(page, -40, 30) == (pytest.approx(-40), pytest.approx(30))


def test_hands_move_a_map_whose_network_failed_at_first(
    open_module_page: Callable[..., Page], host: Host
) -> None:
    asked: list[str] = []

    def fail_once(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) == 1:
            route.abort()
        else:
            route.continue_()

    def open_badly(**settings: Any) -> Page:
        page = open_module_page(**settings)
        page.route("**/controls.js", fail_once)
        return page

    page = open_map(open_badly, host, stadium(5_000), reduced_motion=True, forgives="ERR_FAILED")
    assert len(asked) == 2
    look_at(page, 6, 1)
    assert drag(page, -40, 30) == (pytest.approx(-40), pytest.approx(30))
