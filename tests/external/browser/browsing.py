"""Visits to pages in a real browser, which notice every fault of theirs."""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Request, expect

DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
# What has not come by then does not come.
WAIT_MILLISECONDS = 30_000
expect.set_options(timeout=WAIT_MILLISECONDS)
# They slow pages down: kept of failures where this is set.
TRACES = bool(os.environ.get("TRACES"))
TELL_VIOLATIONS = """
    addEventListener("securitypolicyviolation",
        (event) => tellFault(`policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));
    addEventListener("unhandledrejection", (event) => tellFault(`unhandled: ${event.reason}`));
"""


# Without slots, for what listens to Playwright.
@dataclass(eq=False)
class Visit:
    """A browser context of its own (storage, tabs, settings) and the faults that its pages have had.

    `origins` may be asked; what `forgives` (a regular expression) matches is no fault.
    """

    context: BrowserContext
    origins: set[str]
    forgives: str | None = None
    faults: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Notice errors of scripts and of the console, breaches of policy, and requests to other origins."""
        self.context.set_default_timeout(WAIT_MILLISECONDS)
        self.context.expose_binding("tellFault", lambda _, fault: self._add(str(fault)))
        self.context.add_init_script(TELL_VIOLATIONS)
        self.context.on("weberror", lambda error: self._add(f"error: {error.error}"))
        self.context.on("console", self._hear)
        self.context.on("request", self._follow)

    def close(self, *, kept_in: Path | None = None) -> None:
        """Close every tab; pictures of them, and the trace, are kept in the folder, where one is given."""
        if kept_in:
            for number, page in enumerate(self.context.pages):
                page.screenshot(path=kept_in / f"{id(self)}-{number}.png")
        if TRACES:
            self.context.tracing.stop(path=kept_in / f"{id(self)}.zip" if kept_in else None)
        self.context.close()

    def _add(self, fault: str) -> None:
        if not (self.forgives and re.search(self.forgives, fault)):
            self.faults.append(fault)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._add(f"console: {message.text} ({message.location.get('url')})")

    def _follow(self, request: Request) -> None:
        parts = urlsplit(request.url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if parts.scheme not in ("data", "blob", "about") and origin not in self.origins:
            self._add(f"asked: {request.url}")


def begin_visit(
    browser: Browser,
    *,
    origins: set[str],
    forgives: str | None = None,
    viewport: dict[str, int] | None = None,
    locale: str = "en-GB",
    dark: bool = False,
    touch: bool = False,
    scale: float = 1,
    time_zone: str = "America/New_York",
    forced_colors: bool = False,
    reduced_motion: bool = False,
    **options: Any,
) -> Visit:
    """A visit by a person with these settings, by default far from the time zone of any show."""
    context = browser.new_context(
        viewport=viewport or DESKTOP,
        locale=locale,
        timezone_id=time_zone,
        color_scheme="dark" if dark else "light",
        forced_colors="active" if forced_colors else "none",
        reduced_motion="reduce" if reduced_motion else "no-preference",
        has_touch=touch,
        is_mobile=touch,
        device_scale_factor=scale,
        **options,
    )
    if TRACES:
        context.tracing.start(snapshots=True)
    visit = Visit(context, origins, forgives)
    visit.watch()
    return visit
