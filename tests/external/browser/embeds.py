"""Pages of other sites that embed maps, under a policy that allows Seatline and nothing else."""

from typing import Any

from playwright.sync_api import Page

from tests.external.browser.hosting import Document, Host
from tests.external.browser.service import OpenPage, Site

# As strict as pages of Seatline's own; a host allows one origin besides itself.
POLICY = (
    "default-src 'none'; script-src 'self' {0}; connect-src {0}; base-uri 'none'; form-action 'none';"
    " require-trusted-types-for 'script'; trusted-types lit-html"
)
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>A theatre</title>
<script src="/host.js"></script>
<script type="module" src="{url}/embed/v1/seatline.js"></script></head>
<body><main><h1>A theatre</h1><form id="form">{maps}<button>Send</button></form>{more}</main></body></html>"""
MAP = '<seatline-map name="seats" show="{show}" {attributes}></seatline-map>'
RECORDER = """
window.told = [];
for (const name of ["ready", "change", "held", "expiring", "expired", "taken", "confirmed", "error"]) {
    document.addEventListener(`seatline-${name}`, ({ target, detail }) => {
        const copy = JSON.parse(JSON.stringify(detail ?? null));
        told.push({ name, by: target.localName, show: target.show, detail: copy });
    });
}
"""


def embed_maps(
    site: Site,
    host: Host,
    open_page: OpenPage,
    *shows: int,
    attributes: str = "",
    more: str = "",
    until: str = "ready",
    **settings: Any,
) -> Page:
    """A page with a map of each of these shows, once each has told of `until`; `more` stands beneath them."""
    maps = "".join(MAP.format(show=show, attributes=attributes) for show in shows)
    page = PAGE.format(url=site.url, maps=maps, more=more)
    policy = {"Content-Security-Policy": POLICY.format(site.url)}
    host.documents["/theatre"] = Document(page, headers=policy)
    host.documents["/host.js"] = Document(RECORDER, "text/javascript")
    opened = open_page(f"{host.url}/theatre", origins={host.url}, **settings)
    for show in shows:
        hear(opened, until, show)
    return opened


def call(page: Page, method: str, *given: Any) -> None:
    """Have the first map do something; what comes of it is not waited for."""
    script = "(map, [method, ...given]) => { void map[method](...given); }"
    page.locator("seatline-map").first.evaluate(script, [method, *given])


def hear(page: Page, name: str, show: int | None = None) -> list[dict[str, Any]]:
    """All events of this name, from the show's map alone where one is given, once there is one."""
    told = f"told.filter((each) => each.name === '{name}' && (show === null || each.show === show))"
    arg = None if show is None else str(show)
    page.wait_for_function(f"(show) => {told}.length", arg=arg)
    heard: list[dict[str, Any]] = page.evaluate(f"(show) => {told}", arg)
    return heard


def last(page: Page, name: str) -> Any:
    """The detail of the last event of this name."""
    return hear(page, name)[-1]["detail"]
