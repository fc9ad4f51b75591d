"""Pages that have the client of web/client/ at hand, and tell what they hear."""

from typing import Any

from playwright.sync_api import Page

LOAD = """async ([module, origin]) => {
    Object.assign(window, await import(module));
    window.api = new Seatline(origin);
    window.heard = [];
    window.listen = (target, ...types) => {
        for (const type of types) target.addEventListener(type, ({detail}) => heard.push({type, ...detail}));
        return target;
    };
    window.attempt = (work) => work().catch(
        ({name, status, code, retryAfter, errors}) => ({name, status, code, retryAfter, errors}));
}"""
FOLLOW = """(show) => {
    window.seats = [];
    window.feed = listen(new SeatFeed(api, show), "states", "changes", "link", "error");
    feed.start();
}"""
KEEP = """(show) => {
    window.keeper = listen(new HoldKeeper(api, show), "change", "tick", "expiring", "expired");
}"""


def load_client(page: Page, origin: str, *, module: str = "/assets/here/client/index.js") -> Page:
    """Have `api`, the classes of the module, and `heard`, what feeds and holds told, on the page."""
    page.evaluate(LOAD, [module, origin])
    return page


def follow(page: Page, show_id: int) -> Page:
    """Have the page follow a show, and wait until it has the seats."""
    page.evaluate(FOLLOW, show_id)
    wait_for(page, "heard.some(({type}) => type === 'states')")
    return page


def keep(page: Page, show_id: int) -> Page:
    """Have the page keep the hold of a show, as `keeper`."""
    page.evaluate(KEEP, show_id)
    return page


def wait_for(page: Page, condition: str) -> None:
    """Wait until an expression of the page is true."""
    page.wait_for_function(f"() => {condition}")


def wait_for_link(page: Page, state: str) -> None:
    """Wait until the feed's last word on how it hears is this."""
    wait_for(page, f"heard.filter(({{type}}) => type === 'link').at(-1)?.state === '{state}'")


def wait_for_seat(page: Page, seat: str, status: str) -> None:
    """Wait until the feed has told that a seat is so."""
    wait_for(page, f"heard.findLast(({{changes}}) => changes?.['{seat}'])?.changes['{seat}'] === '{status}'")


def read_heard(page: Page, *types: str) -> list[dict[str, Any]]:
    """What was told, of these types, in its order."""
    heard: list[dict[str, Any]] = page.evaluate("heard.map((each) => ({...each, states: undefined}))")
    return [each for each in heard if each["type"] in types]
