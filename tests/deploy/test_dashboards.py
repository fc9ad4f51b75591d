"""Dashboards and alerts: of metrics that exist, each alert with its paragraph, nothing of an installation."""

import re
from collections import Counter
from typing import Any

import pytest
import yaml

from api.metrics import collect_registry
from core.infra.jobs import QUEUES
from local.dashboards.__main__ import render_dashboards
from tests.deploy.watching import (
    CONFIGURATION,
    DASHBOARDS,
    GRAFANA,
    PROMETHEUS,
    RULES,
    find_names,
    list_names,
    list_panels,
    list_queries,
)
from tests.support import ROOT, read_procfile

# Of exporters' own; tests/external/test_prometheus.py finds them at real ones, but for the machine's.
OF_MACHINES = {"node_filesystem_avail_bytes", "node_filesystem_size_bytes"}
OF_EXPORTERS = {
    "pg_up",
    "redis_aof_last_write_status",
    "redis_blocked_clients",
    "redis_commands_duration_seconds_total",
    "redis_commands_total",
    "redis_connected_clients",
    "redis_cpu_sys_seconds_total",
    "redis_cpu_user_seconds_total",
    "redis_db_keys",
    "redis_evicted_keys_total",
    "redis_key_size",
    "redis_memory_max_bytes",
    "redis_memory_used_bytes",
    "redis_rdb_last_bgsave_status",
    "redis_rejected_connections_total",
    "redis_up",
}
SUFFIXES = {"counter": ["_total"], "histogram": ["_bucket", "_count", "_sum"]}
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text()


def read_asked() -> dict[str, Any]:
    """The metrics that the exporter makes of each query's columns, by their names."""
    queries = yaml.safe_load((PROMETHEUS / "postgres-queries.yml").read_text())
    return {
        f"{prefix}_{name}": described
        for prefix, query in queries.items()
        for column in query["metrics"]
        for name, described in column.items()
        if described["usage"] != "LABEL"
    }


def list_own_names() -> set[str]:
    """The samples of all that our processes count, and that is asked of the database."""
    return {
        f"{family.name}{suffix}"
        for family in collect_registry().collect()
        for suffix in SUFFIXES.get(family.type, [""])
    }


def test_every_metric_that_is_named_exists(database: dict[str, str]) -> None:
    known = list_own_names() | read_asked().keys() | OF_EXPORTERS | OF_MACHINES | {"up"}
    assert list_names() - known == set()


def test_each_name_of_exporters_is_used() -> None:
    """What postgres_exporter asks is shown, and no name here is of something that was removed."""
    assert (read_asked().keys() | OF_EXPORTERS | OF_MACHINES) - list_names() == set()


def test_every_metric_of_ours_is_on_a_dashboard(database: dict[str, str]) -> None:
    shown = set().union(*(find_names(query.expression) for query in list_queries()))
    ours = {family.name for family in collect_registry().collect() if family.name.startswith("seatline_")}
    assert {name for name in ours if not any(each.startswith(name) for each in shown)} == set()


def test_dashboards_are_as_they_are_written() -> None:
    assert {path.name: path.read_text() for path in GRAFANA.iterdir()} == render_dashboards()


@pytest.mark.parametrize("name", DASHBOARDS)
def test_a_dashboard_can_be_imported_anywhere(name: str) -> None:
    dashboard = DASHBOARDS[name]
    assert dashboard["schemaVersion"] >= 38
    assert not dashboard.keys() & {"id", "version", "__inputs"}
    assert [each["type"] for each in dashboard["templating"]["list"]] == ["datasource"]
    assert {panel["id"] for panel in dashboard["panels"]} == set(range(1, len(dashboard["panels"]) + 1))


def test_every_panel_asks_the_chosen_prometheus() -> None:
    asked = [each["datasource"]["uid"] for _, panel in list_panels() for each in (panel, *panel["targets"])]
    assert set(asked) == {"${datasource}"}


def test_panels_do_not_overlap() -> None:
    for name, dashboard in DASHBOARDS.items():
        covered: Counter[tuple[int, int]] = Counter()
        for panel in dashboard["panels"]:
            place = panel["gridPos"]
            assert place["x"] + place["w"] <= 24
            covered.update(
                (place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])
            )
        assert max(covered.values()) == 1, name


def test_panels_have_titles_of_their_own() -> None:
    titles = Counter((name, panel["title"]) for name, panel in list_panels())
    assert max(titles.values()) == 1


def test_every_alert_says_what_is_so_and_leads_to_its_paragraph() -> None:
    for rule in RULES:
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["runbook_url"] == f"docs/runbook.md#{rule['alert'].lower()}"


def test_every_alert_has_its_paragraph_and_every_paragraph_an_alert() -> None:
    section = RUNBOOK.partition("\n## Alerts\n")[2].partition("\n## ")[0]
    paragraphs = re.findall(r"^### (\w+)\n(.*?)(?=^### |\Z)", section, re.M | re.S)
    assert [title for title, _ in paragraphs] == [rule["alert"] for rule in RULES]
    for title, text in paragraphs:
        assert re.findall(r"^- \*\*(.*?)\*\*", text, re.M) == [
            "What it means",
            "How to look",
            "What to do",
        ], title


def test_every_alert_is_tested() -> None:
    tests = yaml.safe_load((PROMETHEUS / "alerts_test.yml").read_text())["tests"]
    told = {case["alertname"] for test in tests for case in test["alert_rule_test"] if case.get("exp_alerts")}
    assert told == {rule["alert"] for rule in RULES}


def test_each_process_that_has_metrics_is_scraped() -> None:
    jobs = [job["job_name"] for job in CONFIGURATION["scrape_configs"]]
    assert set(jobs) - {"postgres", "redis", "node"} == read_procfile().keys() - {
        "release",
        "flower",
        "sandbox",
    }
    named = set(re.findall(r"db0=(\w+)", (PROMETHEUS / "prometheus.yml").read_text()))
    assert named == {*QUEUES, "unacked"}
