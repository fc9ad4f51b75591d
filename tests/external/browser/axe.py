"""What axe-core finds wrong with a page, its shadow trees included."""

from functools import cache

from playwright.sync_api import Page

from tests.external.toolbox import install_node

# WCAG 2.2 AA, with all that it builds on, and axe's own good practices.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# What another scheme of colours may break.
COLORS = ["color-contrast", "link-in-text-block"]
RUN = "([rules, tags]) => axe.run(document, {runOnly: rules ? {type: 'rule', values: rules} : tags})"


def find_barriers(page: Page, rules: list[str] | None = None) -> list[str]:
    """One line for each element that breaks a rule, of these or of all; none where nothing is wrong."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_read_axe())
    found = page.evaluate(RUN, [rules, TAGS])
    # Nothing found on nothing looked at is no proof.
    assert found["passes"]
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


@cache
def _read_axe() -> str:
    return (install_node() / "axe-core" / "axe.min.js").read_text()
