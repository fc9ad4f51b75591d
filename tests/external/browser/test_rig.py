"""What other browser tests stand on: pages' faults fail a test, and modules load under the pages' policy."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from tests.external.browser.axe import find_barriers
from tests.external.browser.browsing import Visit
from tests.external.browser.hosting import Document, Host
from tests.support import wait_until


def test_modules_of_the_web_folder_load_in_an_empty_page(open_module_page: Callable[..., Page]) -> None:
    page = open_module_page()
    names = page.evaluate("import('/assets/here/vendor/d3-polygon.js').then((module) => Object.keys(module))")
    assert "polygonHull" in names


@pytest.mark.parametrize(
    ("script", "fault"),
    [
        ("setTimeout(() => { throw new Error('thrown'); })", "error: thrown"),
        ("void Promise.reject(new Error('rejected'))", "rejected"),
        ("console.error('told')", "console: told"),
        ("document.body.setAttribute('style', 'color: red')", "policy: style-src"),
        ("document.body.innerHTML = '<p>'", "policy: require-trusted-types-for"),
        ("void fetch('http://127.0.0.1:9/').catch(() => 0)", "asked: http://127.0.0.1:9/"),
    ],
)
def test_a_fault_of_a_page_is_noticed(
    script: str, fault: str, host: Host, visit: Callable[..., Visit]
) -> None:
    seen = visit(origins={host.url})
    page = seen.context.new_page()
    page.goto(f"{host.url}/")
    page.evaluate(f"() => {{ try {{ {script} }} catch {{}} }}")
    # Events come while Playwright is waited for.
    wait_until(lambda: page.wait_for_timeout(50) or any(fault in each for each in seen.faults))
    # They are what the test is about, and must not fail it.
    seen.faults.clear()


def test_the_service_answers_a_browser(open_page: Callable[..., Page]) -> None:
    page = open_page("/healthz", forgives="favicon")
    assert page.locator("body").inner_text()


def test_a_barrier_is_found(host: Host, visit: Callable[..., Visit]) -> None:
    host.documents["/barrier"] = Document("<!doctype html><html><main><h1>No language, no title</h1></main>")
    page = visit(origins={host.url}).context.new_page()
    page.goto(f"{host.url}/barrier")
    barriers = find_barriers(page)
    assert {barrier.partition(":")[0] for barrier in barriers} == {"document-title", "html-has-lang"}


def test_axe_runs_under_the_pages_policy(open_module_page: Callable[..., Page]) -> None:
    assert not [barrier for barrier in find_barriers(open_module_page()) if "heading-one" not in barrier]
