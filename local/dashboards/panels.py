"""Grafana's JSON of a dashboard, from its panels' titles and queries."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

# Of Grafana 10; a newer one migrates what it reads.
SCHEMA_VERSION = 39
WIDTH, ROW_HEIGHT = 24, 1
# The reader chooses a Prometheus; no id of an installation is in the files.
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
LINK = {"type": "dashboards", "title": "Seatline", "tags": ["seatline"], "asDropdown": True, "keepTime": True}
# What every series has, and no reader of a table wants.
HIDDEN = "Time", "__name__", "instance", "job", "server", "queryid"


@dataclass(frozen=True)
class Panel:
    """A panel: queries with their legends, `unit` as Grafana names it, red from `limit` on.

    A state is a stat that is 1 where all is well, else 0.
    """

    title: str
    queries: Sequence[tuple[str, str]]
    unit: str = "short"
    kind: Literal["timeseries", "stat", "state", "table"] = "timeseries"
    description: str = ""
    width: int = 8
    height: int = 8
    stacked: bool = False
    limit: float | None = None


@dataclass(frozen=True)
class Dashboard:
    """A dashboard: its rows by their titles."""

    uid: str
    title: str
    rows: dict[str, Sequence[Panel]] = field(default_factory=dict)


def build_dashboard(dashboard: Dashboard) -> dict[str, Any]:
    """The JSON that Grafana imports."""
    return {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "tags": ["seatline"],
        "schemaVersion": SCHEMA_VERSION,
        "editable": True,
        "refresh": "10s",
        "time": {"from": "now-30m", "to": "now"},
        "timezone": "browser",
        "graphTooltip": 1,
        "links": [LINK],
        "annotations": {"list": []},
        "templating": {
            "list": [
                {"type": "datasource", "name": "datasource", "label": "Prometheus", "query": "prometheus"}
            ]
        },
        "panels": _lay_out(dashboard.rows),
    }


def _lay_out(rows: dict[str, Sequence[Panel]]) -> list[dict[str, Any]]:
    """The panels, from left to right and in as many lines as they take."""
    made: list[dict[str, Any]] = []
    top = 0
    for title, panels in rows.items():
        made.append(
            {"id": len(made) + 1, "type": "row", "title": title, "collapsed": False, "panels": []}
            | {"gridPos": {"x": 0, "y": top, "w": WIDTH, "h": ROW_HEIGHT}}
        )
        top, left, height = top + ROW_HEIGHT, 0, 0
        for panel in panels:
            if left + panel.width > WIDTH:
                top, left, height = top + height, 0, 0
            place = {"x": left, "y": top, "w": panel.width, "h": panel.height}
            made.append({"id": len(made) + 1, "gridPos": place, **_build_panel(panel)})
            left, height = left + panel.width, max(height, panel.height)
        top += height
    return made


def _build_panel(panel: Panel) -> dict[str, Any]:
    is_graph = panel.kind == "timeseries"
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if panel.limit is not None:
        steps.append({"color": "red", "value": panel.limit})
    defaults: dict[str, Any] = {"unit": panel.unit, "thresholds": {"mode": "absolute", "steps": steps}}
    if is_graph:
        defaults["min"] = 0
        defaults["custom"] = {
            "fillOpacity": 10,
            "showPoints": "never",
            "stacking": {"mode": "normal" if panel.stacked else "none"},
            "thresholdsStyle": {"mode": "line" if panel.limit is not None else "off"},
        }
    if panel.kind == "state":
        defaults |= _STATE
    built = {
        "type": "stat" if panel.kind == "state" else panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": DATASOURCE,
        "targets": [_build_target(panel, number, *query) for number, query in enumerate(panel.queries)],
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": _OPTIONS[panel.kind],
    }
    if panel.kind == "table":
        hidden = {"excludeByName": dict.fromkeys(HIDDEN, True)}
        built["transformations"] = [{"id": "merge", "options": {}}, {"id": "organize", "options": hidden}]
    return built


def _build_target(panel: Panel, number: int, expression: str, legend: str) -> dict[str, Any]:
    is_graph = panel.kind == "timeseries"
    return {
        "refId": chr(ord("A") + number),
        "datasource": DATASOURCE,
        "expr": expression,
        "legendFormat": legend,
        "range": is_graph,
        "instant": not is_graph,
        "format": "table" if panel.kind == "table" else "time_series",
    }


_OPTIONS: dict[str, dict[str, Any]] = {
    "timeseries": {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "stat": {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "colorMode": "background",
        "graphMode": "none",
    },
    "table": {"showHeader": True, "cellHeight": "sm"},
}
_OPTIONS["state"] = _OPTIONS["stat"]
_STATE: dict[str, Any] = {
    "thresholds": {
        "mode": "absolute",
        "steps": [{"color": "red", "value": None}, {"color": "green", "value": 1}],
    },
    "mappings": [{"type": "value", "options": {"0": {"text": "no"}, "1": {"text": "yes"}}}],
}
