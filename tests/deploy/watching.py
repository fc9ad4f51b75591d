"""What deploy/ has for Grafana and Prometheus, and the metrics that it names."""

import json
import re
from typing import Any, NamedTuple

import yaml

from tests.support import ROOT

GRAFANA, PROMETHEUS = ROOT / "deploy" / "grafana", ROOT / "deploy" / "prometheus"
DASHBOARDS = {path.name: json.loads(path.read_text()) for path in sorted(GRAFANA.glob("*.json"))}
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((PROMETHEUS / "alerts.yml").read_text())["groups"]
    for rule in group["rules"]
]
CONFIGURATION: dict[str, Any] = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())
_NAME = re.compile(r"\b(?:(?:seatline|pg|redis|node)_\w+|up)\b")
# Labels' values, and what they are matched with; what is grouped by.
_NO_NAMES = re.compile(r"\{[^}]*\}|\b(?:by|on) \([^)]*\)")


class Query(NamedTuple):
    """A query of a panel."""

    dashboard: str
    panel: str
    expression: str


def list_panels() -> list[tuple[str, dict[str, Any]]]:
    """All panels but the titles of rows, each with its dashboard's name."""
    return [
        (name, panel)
        for name, dashboard in DASHBOARDS.items()
        for panel in dashboard["panels"]
        if panel["type"] != "row"
    ]


def list_queries() -> list[Query]:
    """The queries of all panels."""
    return [
        Query(name, panel["title"], target["expr"])
        for name, panel in list_panels()
        for target in panel["targets"]
    ]


def find_names(expression: str) -> set[str]:
    """The metrics that a query names."""
    return set(_NAME.findall(_NO_NAMES.sub("", expression)))


def list_names() -> set[str]:
    """All metrics that dashboards and alerts name."""
    expressions = [query.expression for query in list_queries()] + [rule["expr"] for rule in RULES]
    return set().union(*map(find_names, expressions))
