"""deploy/kubernetes: manifests at one with the Procfile, the settings, the image and each other."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.infra.settings import Settings
from core.version import VERSION
from tests.deploy.kustomizing import BASE, EXAMPLE, FOLDER, Manifest, build, find_containers, find_pod
from tests.deploy.test_compose import LONGEST_STOP_SECONDS
from tests.support import ROOT, read_procfile

BUILT = build(BASE)
RUNNING = {
    manifest["metadata"]["name"].removeprefix("seatline-"): manifest
    for manifest in BUILT
    if find_pod(manifest)
}
SETTINGS = {name.upper() for name in Settings.model_fields}
OF_FLOWER = {"FLOWER_ADDRESS", "FLOWER_PORT", "FLOWER_USER", "FLOWER_PASSWORD"}
# What processes have, and what comes to them, is their business; more is held beside them.
SPREAD = {"web", "worker", "outbound"}
METRICS = "seatline_bookings_oldest_seconds"


def find(kind: str) -> dict[str, Manifest]:
    """What there is of a kind, by the process that it is of."""
    return {
        manifest["metadata"]["name"].removeprefix("seatline-"): manifest
        for manifest in BUILT
        if manifest["kind"] == kind
    }


SETTINGS_GIVEN: dict[str, str] = find("ConfigMap")["seatline"]["data"]


def get_container(name: str) -> dict[str, Any]:
    (container,) = find_containers(RUNNING[name])
    return container


def get_ports(name: str) -> dict[str, int]:
    return {port["name"]: port["containerPort"] for port in get_container(name).get("ports", [])}


def test_every_process_runs_its_command_of_the_procfile() -> None:
    commands = {name: command.removeprefix("exec ").split() for name, command in read_procfile().items()}
    del commands["sandbox"]
    assert {name: get_container(name)["command"] for name in RUNNING} == commands


def test_what_serves_is_deployed_and_what_ends_is_a_job() -> None:
    kinds = {name: manifest["kind"] for name, manifest in RUNNING.items()}
    assert kinds.pop("release") == "Job"
    assert set(kinds.values()) == {"Deployment"}
    for name in ("beat", "flower"):
        spec = RUNNING[name]["spec"]
        assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})


def test_every_variable_is_a_setting_and_its_value_is_taken() -> None:
    assert SETTINGS_GIVEN.keys() <= SETTINGS
    (overlay,) = [manifest for manifest in build(EXAMPLE) if manifest["kind"] == "ConfigMap"]
    assert overlay["data"].items() > SETTINGS_GIVEN.items()
    for name in RUNNING:
        own = {each["name"] for each in get_container(name).get("env", [])}
        assert own <= (OF_FLOWER if name == "flower" else SETTINGS), name
    secret = {
        "database_url": "postgresql://a@b/c",
        "redis_url": "redis://a",
        "admin_api_key": "a-key-of-16-characters",
    }
    secret |= {"seatline_secret": "a-secret-of-thirty-two-characters"}
    secret |= {"stripe_api_key": "sk_live_of_your_account", "stripe_webhook_secret": "whsec_of_your_endpoint"}
    given = {name.lower(): value for name, value in overlay["data"].items()}
    settings = Settings.model_validate(given | secret)
    assert (settings.seatline_env, settings.trusted_proxies) == ("production", 1)
    # Else as many as its node has cores.
    assert {"WEB_CONCURRENCY", "WORKER_CONCURRENCY"} <= SETTINGS_GIVEN.keys()


def test_no_secret_is_in_a_manifest() -> None:
    assert not [manifest for manifest in BUILT if manifest["kind"] == "Secret"]
    for name in RUNNING:
        assert get_container(name)["envFrom"] == [
            {"configMapRef": {"name": "seatline"}},
            {"secretRef": {"name": "seatline"}},
        ]


def test_the_image_is_the_one_of_compose_and_this_version() -> None:
    composed = re.search(r"image: (seatline:\S+)", (ROOT / "docker-compose.yml").read_text())
    assert composed
    assert composed[1] == f"seatline:{VERSION}"
    assert {get_container(name)["image"] for name in RUNNING} == {composed[1]}
    built = {each["image"] for manifest in build(EXAMPLE) for each in find_containers(manifest)}
    assert built == {f"registry.example.com/seatline:{VERSION}"}


def test_pods_may_do_little() -> None:
    user = re.search(r"^USER (\d+):(\d+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert user
    for name, manifest in RUNNING.items():
        pod, container = find_pod(manifest)["spec"], get_container(name)
        assert pod["securityContext"] == {
            "runAsNonRoot": True,
            "runAsUser": int(user[1]),
            "runAsGroup": int(user[2]),
            "seccompProfile": {"type": "RuntimeDefault"},
        }
        assert pod["automountServiceAccountToken"] is False
        assert pod["serviceAccountName"] in find("ServiceAccount")
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert container["resources"]["requests"].keys() == {"cpu", "memory"}
        assert "memory" in container["resources"]["limits"]


def test_pods_are_probed_and_have_time_to_stop() -> None:
    for name, manifest in RUNNING.items():
        pod, container = find_pod(manifest)["spec"], get_container(name)
        before = int(
            container.get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command", [0])[-1]
        )
        assert pod["terminationGracePeriodSeconds"] >= before + LONGEST_STOP_SECONDS, name
        if name == "release":
            continue
        assert {"startupProbe", "livenessProbe"} <= container.keys(), name
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            how = container.get(probe, {})
            asked = how.get("httpGet") or how.get("tcpSocket")
            assert not how or asked["port"] in get_ports(name), (name, probe)
    web = get_container("web")
    assert web["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert web["readinessProbe"]["httpGet"]["path"] == "/readyz"


def test_ports_agree() -> None:
    assert get_ports("web") == {"http": Settings.model_fields["port"].default}
    assert get_ports("flower") == {"http": int(get_value("flower", "FLOWER_PORT"))}
    for name in ("worker", "outbound", "beat"):
        assert get_ports(name) == {"metrics": int(SETTINGS_GIVEN["METRICS_PORT"])}
    for name, manifest in RUNNING.items():
        told = find_pod(manifest)["metadata"].get("annotations", {}).get("prometheus.io/port")
        assert told is None or int(told) in get_ports(name).values()
    service = find("Service")["web"]["spec"]
    (ingress,) = [manifest for manifest in build(EXAMPLE) if manifest["kind"] == "Ingress"]
    (path,) = ingress["spec"]["rules"][0]["http"]["paths"]
    assert [port["name"] for port in service["ports"]] == [path["backend"]["service"]["port"]["name"]]
    assert service["ports"][0]["targetPort"] in get_ports("web")
    for policy in find("NetworkPolicy").values():
        opened = {
            port["port"] for rule in policy["spec"].get("ingress", []) for port in rule.get("ports", [])
        }
        assert opened <= {8000, 9464}


def get_value(name: str, variable: str) -> str:
    (found,) = [each["value"] for each in get_container(name)["env"] if each["name"] == variable]
    return str(found)


def test_metrics_of_web_are_in_memory() -> None:
    folder = get_value("web", "PROMETHEUS_MULTIPROC_DIR")
    (mount,) = [each for each in get_container("web")["volumeMounts"] if each["mountPath"] == folder]
    volumes = {volume["name"]: volume for volume in find_pod(RUNNING["web"])["spec"]["volumes"]}
    assert volumes[mount["name"]]["emptyDir"]["medium"] == "Memory"


def test_selectors_find_the_pods_that_they_are_of() -> None:
    for name, manifest in RUNNING.items():
        labels = find_pod(manifest)["metadata"]["labels"]
        if manifest["kind"] == "Deployment":
            assert manifest["spec"]["selector"]["matchLabels"] == labels
        for spread in find_pod(manifest)["spec"].get("topologySpreadConstraints", []):
            assert spread["labelSelector"]["matchLabels"] == labels
        selecting = [find("PodDisruptionBudget").get(name), find("NetworkPolicy").get(name)]
        for selector in filter(None, selecting):
            spec = selector["spec"]
            assert (spec.get("selector") or spec.get("podSelector"))["matchLabels"] == labels, name
    assert find("Service")["web"]["spec"]["selector"] == find_pod(RUNNING["web"])["metadata"]["labels"]
    assert find("PodDisruptionBudget").keys() == SPREAD
    assert find("NetworkPolicy")["seatline"]["spec"]["policyTypes"] == ["Ingress", "Egress"]


def test_what_is_scaled_has_no_number_of_its_own() -> None:
    scalers = find("HorizontalPodAutoscaler")
    assert scalers.keys() == {"web", "worker"}
    for name, scaler in scalers.items():
        assert scaler["spec"]["scaleTargetRef"]["name"] == f"seatline-{name}"
        assert "replicas" not in RUNNING[name]["spec"]
    (metric,) = scalers["worker"]["spec"]["metrics"]
    assert metric["external"]["metric"]["name"] == METRICS


def test_the_metric_that_workers_are_scaled_by_exists() -> None:
    (rule,) = yaml.safe_load((FOLDER / "prometheus-adapter.yaml").read_text())["rules"]["external"]
    assert rule["name"]["as"] == rule["seriesQuery"] == METRICS
    sources = "".join(path.read_text() for path in (ROOT / "api").rglob("*.py"))
    assert f'"{METRICS.removeprefix("seatline_")}"' in sources


@pytest.mark.skipif(not shutil.which("kubectl"), reason="kubectl is not installed")
@pytest.mark.parametrize("folder", [BASE, EXAMPLE], ids=lambda folder: folder.name)
def test_kustomize_itself_makes_the_same_of_it(folder: Path) -> None:
    made = subprocess.run(["kubectl", "kustomize", folder], capture_output=True, text=True, check=True)

    def sort(manifests: list[Manifest]) -> list[str]:
        return sorted(json.dumps(_order(manifest), sort_keys=True) for manifest in manifests)

    assert sort(list(yaml.safe_load_all(made.stdout))) == sort(build(folder))


def _order(value: Any) -> Any:
    """Lists of what has names have no order."""
    if isinstance(value, dict):
        return {key: _order(each) for key, each in value.items()}
    if isinstance(value, list):
        ordered = [_order(each) for each in value]
        return sorted(ordered, key=json.dumps) if value and isinstance(value[0], dict) else ordered
    return value
