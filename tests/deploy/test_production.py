"""deploy/compose: over docker-compose.yml, production on one machine, with TLS."""

import json
from typing import Any

import pytest

from tests.deploy.composing import OTHERS, SECRETS, read_services, run_compose
from tests.support import ROOT

FILES = ROOT / "docker-compose.yml", ROOT / "deploy" / "compose" / "production.yml"
GIVEN = {**SECRETS, "CERTIFICATES": "/etc/seatline/certificates", "METRICS_TOKEN": "a-token-of-some-length"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """What compose makes of both files, Prometheus included."""
    arguments = "--profile", "monitoring", "config", "--format", "json"
    read = run_compose(*arguments, variables=GIVEN, files=FILES)
    assert (read.returncode, read.stderr) == (0, "")
    found: dict[str, Any] = json.loads(read.stdout)
    return found


def test_it_is_quiet_where_everything_is_set() -> None:
    checked = run_compose("config", "-q", variables=GIVEN, files=FILES)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


@pytest.mark.parametrize("missing", GIVEN)
def test_a_missing_variable_is_one_clear_line(missing: str) -> None:
    kept = {name: value for name, value in GIVEN.items() if name != missing}
    checked = run_compose("config", "-q", variables=kept, files=FILES)
    assert checked.returncode != 0
    assert f"{missing} is missing a value: is not set" in checked.stderr


def test_services_are_those_of_the_file_below(document: dict[str, Any]) -> None:
    """But for the proxy, and the port that figures are at."""
    below, above = read_services(GIVEN), document["services"]
    assert above.keys() - below.keys() == {"prometheus"}
    for name in below.keys() - OTHERS:
        below[name]["environment"]["METRICS_PORT"] = above[name]["environment"]["METRICS_PORT"]
    assert {name for name, service in below.items() if above[name] != service} == {"proxy"}


def test_the_proxy_has_both_ports_and_nothing_of_the_one_below(document: dict[str, Any]) -> None:
    proxy = document["services"]["proxy"]
    assert [(port["published"], port["target"]) for port in proxy["ports"]] == [("80", 80), ("443", 443)]
    assert "build" not in proxy
    assert proxy["read_only"]
    assert (proxy["cap_drop"], proxy["security_opt"]) == (["ALL"], ["no-new-privileges:true"])
    # Twice as many as clients, and its own.
    assert proxy["ulimits"]["nofile"] > 2 * 20_000
    assert "maxconn 20000" in (ROOT / "deploy" / "haproxy" / "haproxy.cfg").read_text()


def test_what_is_mounted_is_there_and_is_what_the_command_reads(document: dict[str, Any]) -> None:
    proxy = document["services"]["proxy"]
    mounted = {volume["target"]: volume["source"] for volume in proxy["volumes"]}
    assert mounted["/etc/haproxy/certs"] == GIVEN["CERTIFICATES"]
    read = [part for part in proxy["command"] if part.startswith("/")]
    for target in [*read, "/etc/haproxy/operators.lst"]:
        assert mounted[target] == str(ROOT / "deploy" / "haproxy" / target.rpartition("/")[2])
        assert (ROOT / mounted[target]).is_file()


def test_prometheus_has_the_token_and_is_for_this_machine(document: dict[str, Any]) -> None:
    prometheus = document["services"]["prometheus"]
    assert [port["host_ip"] for port in prometheus["ports"]] == ["127.0.0.1"]
    mounted = {volume["target"]: volume["source"] for volume in prometheus["volumes"]}
    for name in ("prometheus.yml", "alerts.yml"):
        assert mounted[f"/etc/prometheus/{name}"] == str(ROOT / "deploy" / "prometheus" / name)
    assert document["configs"]["metrics-token"]["content"] == GIVEN["METRICS_TOKEN"]
    ports = {
        document["services"][name]["environment"]["METRICS_PORT"] for name in ("worker", "outbound", "beat")
    }
    assert ports == {"9464"}
