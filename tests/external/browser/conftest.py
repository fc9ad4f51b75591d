"""A browser, the service with all its processes, and visits that fail a test where a page has a fault."""

import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from local.browser import run_browser
from tests.external.browser.browsing import Visit, begin_visit
from tests.external.browser.embeds import embed_maps
from tests.external.browser.hosting import ASSETS, Host, run_host
from tests.external.browser.maps import open_map
from tests.external.browser.service import Site, is_quiet, run_site
from tests.external.toolbox import need
from tests.support import wait_until

FAILED = pytest.StashKey[bool]()
MARKS = [pytest.mark.external, pytest.mark.timeout(300), *need("chromium", "npm")]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test of this folder needs a browser."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            for mark in MARKS:
                item.add_marker(mark)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Any:
    """Remember that the test failed, for what is kept then."""
    report: pytest.TestReport = yield
    if report.failed:
        item.stash[FAILED] = True
    return report


# No longer than for this folder's tests: others use asyncio.run().
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with run_browser() as browser:
        yield browser


@pytest.fixture(scope="package")
def running_site(servers: dict[str, str]) -> Iterator[Site]:
    with run_site(servers) as site:
        yield site


@pytest.fixture
def site(running_site: Site, database: dict[str, str]) -> Iterator[Site]:
    """The service, without shows."""
    yield running_site
    # Tables are emptied under locks that must not meet those of a worker that is not done.
    wait_until(is_quiet)


@pytest.fixture
def host() -> Iterator[Host]:
    """An origin of another port, with pages of the test's own."""
    with run_host() as host:
        yield host


@pytest.fixture
def visit(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Callable[..., Visit]]:
    """Begins visits, see begin_visit; each is another browser to the service. Faults of any fail the test."""
    if "database" in request.fixturenames:
        # Tabs are closed before the show goes that they follow.
        request.getfixturevalue("database")
    visits: list[Visit] = []

    def begin(**settings: Any) -> Visit:
        visits.append(begin_visit(browser, **settings))
        return visits[-1]

    yield begin
    faults = [fault for each in visits for fault in each.faults]
    is_bad = bool(faults) or request.node.stash.get(FAILED, False)
    kept_in = Path(tempfile.mkdtemp(prefix="seatline-browser-")) if is_bad else None
    for each in visits:
        each.close(kept_in=kept_in)
    assert not faults, f"{faults}; see {kept_in}"


@pytest.fixture
def open_page(site: Site, visit: Callable[..., Visit]) -> Callable[..., Page]:
    """Opens a path of the site, in a browser of its own: open_page("/s/1", locale="de", dark=True).

    `origins` may be asked besides the site and its sandbox. `page.context.new_page()` is a second tab.
    """

    def open_path(path: str = "/", *, origins: set[str] | None = None, **settings: Any) -> Page:
        allowed = {site.url, site.sandbox_url, *(origins or ())}
        page = visit(origins=allowed, **settings).context.new_page()
        page.goto(path if "://" in path else f"{site.url}{path}")
        return page

    return open_path


@pytest.fixture
def embed(site: Site, host: Host, open_page: Callable[..., Page]) -> Callable[..., Page]:
    """Opens a page of another origin with a map of each of these shows, see embed_maps."""
    return partial(embed_maps, site, host, open_page)


@pytest.fixture
def open_module_page(host: Host, visit: Callable[..., Visit]) -> Callable[..., Page]:
    """Opens an empty page under the pages' policy, in which a test imports modules of web/ by ASSETS.

    page.evaluate("import('/assets/here/map/model.js')…"); no service runs unless `origins` names one's.
    """

    def open_empty(*, origins: set[str] | None = None, **settings: Any) -> Page:
        page = visit(origins={host.url, *(origins or ())}, **settings).context.new_page()
        page.goto(f"{host.url}/")
        return page

    return open_empty


@pytest.fixture
def open_hall(open_module_page: Callable[..., Page], host: Host) -> Callable[..., Page]:
    """Opens a page that is a layout's map, whose views move at once; see open_map."""
    return partial(open_map, open_module_page, host, reduced_motion=True)


@pytest.fixture
def assets() -> str:
    """The path under which a page of open_module_page finds web/."""
    return ASSETS
