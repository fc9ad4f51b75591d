"""The container image and the compose file: well-formed, pinned, and at one with the Procfile."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.infra.settings import Settings
from tests.support import ROOT, read_procfile

BIN = Path(sys.executable).parent
SECRETS = {
    "ADMIN_API_KEY": "an-admin-key-of-some-length",
    "POSTGRES_PASSWORD": "a-password",
    "FLOWER_PASSWORD": "another-password",
}
SERVERS = {"postgres", "redis"}
# What others than core.infra.settings read: flowerconfig.py, the Prometheus client.
OF_OTHERS = {"FLOWER_ADDRESS", "FLOWER_PORT", "FLOWER_USER", "FLOWER_PASSWORD", "PROMETHEUS_MULTIPROC_DIR"}
# Beat answers nobody; release ends.
WITHOUT_HEALTH = {"beat", "release"}
LONGEST_STOP_SECONDS = 12


def run_compose(*arguments: str, variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **variables}
    command = [BIN / "docker-compose", "--file", ROOT / "docker-compose.yml", "--env-file", os.devnull]
    return subprocess.run(
        [*command, *arguments], env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    """The services as compose understands them."""
    read = run_compose("config", "--format", "json", variables=SECRETS)
    assert (read.returncode, read.stderr) == (0, "")
    found: dict[str, dict[str, Any]] = json.loads(read.stdout)["services"]
    return found


def test_it_is_quiet_where_everything_is_set() -> None:
    checked = run_compose("config", "-q", variables=SECRETS)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


@pytest.mark.parametrize("missing", SECRETS)
def test_a_missing_secret_is_one_clear_line(missing: str) -> None:
    kept = {name: value for name, value in SECRETS.items() if name != missing}
    checked = run_compose("config", "-q", variables=kept)
    assert checked.returncode != 0
    assert len(checked.stderr.splitlines()) == 1
    assert f"{missing} is missing a value: is not set" in checked.stderr


def test_every_process_of_the_procfile_runs_by_its_own_command(services: dict[str, dict[str, Any]]) -> None:
    commands = {name: command.removeprefix("exec ").split() for name, command in read_procfile().items()}
    assert {name: service["command"] for name, service in services.items() if name not in SERVERS} == commands


def test_every_variable_is_one_that_somebody_reads(services: dict[str, dict[str, Any]]) -> None:
    known = {name.upper() for name in Settings.model_fields} | OF_OTHERS
    for name, service in services.items():
        variables = service.get("environment", {})
        unknown = set(variables) - (known if name not in SERVERS else set())
        assert not {variable for variable in unknown if not variable.startswith("POSTGRES_")}, name


def test_operators_find_every_variable_on_their_page() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    variables = {name.upper() for name in Settings.model_fields} | OF_OTHERS | SECRETS.keys()
    assert not {
        variable for variable in variables if f"`{variable}`" not in page and f"{variable}=" not in page
    }


def test_it_is_production(services: dict[str, dict[str, Any]]) -> None:
    for name in services.keys() - SERVERS:
        environment = services[name]["environment"]
        given = {key.lower(): value for key, value in environment.items() if value}
        settings = Settings.model_validate(
            {key: value for key, value in given.items() if key in Settings.model_fields}
        )
        assert settings.seatline_env == "production", name
        assert settings.admin_api_key == SECRETS["ADMIN_API_KEY"], name
        assert settings.rate_limit_enabled, name


def test_long_running_services_are_watched_restarted_and_given_time(
    services: dict[str, dict[str, Any]],
) -> None:
    for name in services.keys() - {"release"}:
        assert services[name]["restart"] == "unless-stopped", name
        minutes, seconds = re.fullmatch(r"(?:(\d+)m)?(\d+)s", services[name]["stop_grace_period"]).groups()
        assert int(minutes or 0) * 60 + int(seconds) >= LONGEST_STOP_SECONDS, name
    assert {name for name, service in services.items() if "healthcheck" not in service} == WITHOUT_HEALTH


def test_nothing_starts_before_the_release_is_through(services: dict[str, dict[str, Any]]) -> None:
    assert services["release"]["restart"] == "no"
    # Not until it is healthy: recovering from a crash may take it longer than Compose waits.
    assert services["release"]["depends_on"]["postgres"]["condition"] == "service_started"
    for name in services.keys() - SERVERS - {"release"}:
        assert services[name]["depends_on"]["release"]["condition"] == "service_completed_successfully", name


def test_only_the_api_is_open_to_the_world(services: dict[str, dict[str, Any]]) -> None:
    ports = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert ports.keys() == {"web", "flower"}
    assert [port["host_ip"] for port in ports["flower"]] == ["127.0.0.1"]


def test_redis_keeps_what_it_is_given(services: dict[str, dict[str, Any]]) -> None:
    command = " ".join(services["redis"]["command"])
    assert "--maxmemory-policy noeviction" in command
    assert "--appendonly yes" in command


def test_metrics_of_ended_processes_do_not_stay(services: dict[str, dict[str, Any]]) -> None:
    folder = services["web"]["environment"]["PROMETHEUS_MULTIPROC_DIR"]
    assert [mount for mount in services["web"]["tmpfs"] if mount.startswith(f"{folder}:")]


def test_images_are_pinned(services: dict[str, dict[str, Any]]) -> None:
    images = {service["image"] for service in services.values()}
    images |= set(re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE))
    for image in images:
        assert re.search(r":\d+\.\d+", image), image


def test_the_image_is_lean_and_its_user_is_not_root() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert re.search(r"^USER ([1-9]\d*):([1-9]\d*)$", dockerfile, re.MULTILINE)
    assert "requirements-dev" not in dockerfile
    copied = {
        source
        for line in re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile, re.M)
        for source in line.split()
    }
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert copied == {line.removeprefix("!") for line in ignored if line.startswith("!")}
    assert all((ROOT / source).exists() for source in copied)


def test_the_dockerfile_passes_its_linter() -> None:
    linted = subprocess.run(
        [BIN / "hadolint", ROOT / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert (linted.returncode, linted.stdout) == (0, "")
