"""Pages with a list or a grid of a hall made up for a test, without a service."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.external.browser.browsing import Visit
from tests.external.browser.hosting import STRICT, Document, Host

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>A hall</title>
<script type="module" src="/hall.js"></script><main><h1>A hall</h1><div id="place"></div></main>"""


def open_hall(host: Host, visit: Callable[..., Visit], **settings: Any) -> Page:
    """A page under the pages' policy, for mountList, mountGrid, change and makeAnnouncer of hall.js."""
    script = Path(__file__).with_name("hall.js").read_text()
    host.documents["/hall"] = Document(PAGE, headers={"Content-Security-Policy": STRICT})
    host.documents["/hall.js"] = Document(script, kind="text/javascript")
    page = visit(origins={host.url}, **settings).context.new_page()
    page.goto(f"{host.url}/hall")
    page.wait_for_function("() => window.mountList")
    return page
