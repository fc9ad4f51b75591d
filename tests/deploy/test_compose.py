"""The container images and the compose file: well-formed, pinned, and at one with the Procfile."""

import json
import re
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest
import redis

from core.infra.settings import Settings
from local.embedded import find_free_port
from local.programs import find_redis_program
from tests.deploy.composing import BIN, OTHERS, SECRETS, read_given, read_services, run_compose
from tests.support import ROOT, read_procfile, wait_until

DOCKERFILES = ROOT / "Dockerfile", ROOT / "proxy" / "Dockerfile"
# Beat answers nobody; release ends.
WITHOUT_HEALTH = {"beat", "release"}
LONGEST_STOP_SECONDS = 12
Services = dict[str, dict[str, Any]]


def is_listening(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def services() -> Services:
    """The services, with what is required and nothing else."""
    return read_services(SECRETS)


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


def test_every_process_of_the_procfile_runs_by_its_own_command(services: Services) -> None:
    commands = {name: command.removeprefix("exec ").split() for name, command in read_procfile().items()}
    # Production sells for no play money.
    del commands["sandbox"]
    assert {name: service["command"] for name, service in services.items() if name not in OTHERS} == commands


def test_it_is_production_behind_one_proxy(services: Services) -> None:
    for name in services.keys() - OTHERS:
        given = {key.lower(): value for key, value in read_given(services[name]).items()}
        known = {key: value for key, value in given.items() if key in Settings.model_fields}
        settings = Settings.model_validate(known | {"prometheus_multiproc_dir": None})
        assert settings.seatline_env == "production", name
        assert settings.admin_api_key == SECRETS["ADMIN_API_KEY"], name
        # Tickets that one process tells of are looked up by another.
        assert settings.seatline_secret == SECRETS["SEATLINE_SECRET"], name
        assert settings.rate_limit_enabled, name
        assert settings.trusted_proxies == 1, name


def test_long_running_services_are_watched_restarted_and_given_time(services: Services) -> None:
    for name in services.keys() - {"release"}:
        assert services[name]["restart"] == "unless-stopped", name
        minutes, seconds = re.fullmatch(r"(?:(\d+)m)?(\d+)s", services[name]["stop_grace_period"]).groups()
        assert int(minutes or 0) * 60 + int(seconds) >= LONGEST_STOP_SECONDS, name
    assert {name for name, service in services.items() if "healthcheck" not in service} == WITHOUT_HEALTH


def test_nothing_fills_the_disk_or_takes_all_memory(services: Services) -> None:
    for name, service in services.items():
        assert service["logging"] == {
            "driver": "json-file",
            "options": {"max-size": "20m", "max-file": "5"},
        }, name
        assert 0 < int(service["mem_limit"]) <= 2 * 1024**3, name


def test_nothing_starts_before_the_release_is_through(services: Services) -> None:
    assert services["release"]["restart"] == "no"
    # Not until it is healthy: recovering from a crash may take it longer than Compose waits.
    assert services["release"]["depends_on"]["postgres"]["condition"] == "service_started"
    for name in services.keys() - OTHERS - {"release"}:
        assert services[name]["depends_on"]["release"]["condition"] == "service_completed_successfully", name


def test_only_the_proxy_is_open_to_the_world(services: Services) -> None:
    """So there may be more than one of each process."""
    ports = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert ports.keys() == {"proxy", "flower"}
    assert [port["host_ip"] for port in ports["flower"]] == ["127.0.0.1"]
    assert not [name for name, service in services.items() if "container_name" in service]


def test_what_is_not_the_database_has_no_root(services: Services) -> None:
    for name in services.keys() - {"postgres", "redis"}:
        assert services[name]["read_only"], name
        assert services[name]["cap_drop"] == ["ALL"], name
        assert services[name]["security_opt"] == ["no-new-privileges:true"], name


def test_redis_keeps_what_it_is_given(services: Services) -> None:
    command = " ".join(services["redis"]["command"])
    assert "--maxmemory-policy noeviction" in command
    assert "--appendonly yes" in command


@pytest.mark.parametrize(
    "variables",
    [SECRETS, {**SECRETS, "REDIS_PASSWORD": "", "REDIS_URL": "redis://redis:6379/0", "REDIS_SCALE": "1"}],
)
def test_redis_has_a_password_that_is_on_no_command_line(variables: dict[str, str]) -> None:
    read = run_compose("config", "--format", "json", variables=variables)
    document = json.loads(read.stdout)
    redis, password = (
        document["services"]["redis"],
        variables["REDIS_PASSWORD"] or variables["SEATLINE_SECRET"],
    )
    assert document["configs"]["redis"]["content"] == f'requirepass "{password}"\n'
    (mounted,) = redis["configs"]
    assert redis["command"][:2] == ["redis-server", mounted["target"]]
    assert redis["environment"] == {"REDISCLI_AUTH": password}
    assert password not in " ".join([*redis["command"], *redis["healthcheck"]["test"]])
    assert "ports" not in redis


def test_its_own_configuration_wants_the_password(tmp_path: Path) -> None:
    """What compose makes of it, as the server understands it, and the health check's client."""
    read = json.loads(run_compose("config", "--format", "json", variables=SECRETS).stdout)
    config, port = tmp_path / "redis.conf", find_free_port()
    config.write_text(read["configs"]["redis"]["content"])
    options = read["services"]["redis"]["command"][2:]
    command = [find_redis_program(), config, *options, "--port", str(port), "--dir", tmp_path]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        try:
            wait_until(lambda: is_listening(port))
            with redis.Redis(port=port) as client, pytest.raises(redis.AuthenticationError):
                client.ping()
            with redis.Redis(port=port, password=SECRETS["REDIS_PASSWORD"]) as client:
                assert client.config_get("maxmemory-policy", "appendonly") == {
                    "maxmemory-policy": "noeviction",
                    "appendonly": "yes",
                }
        finally:
            server.terminate()


def test_metrics_of_ended_processes_do_not_stay(services: Services) -> None:
    folder = services["web"]["environment"]["PROMETHEUS_MULTIPROC_DIR"]
    assert [mount for mount in services["web"]["tmpfs"] if mount.startswith(f"{folder}:")]


def test_images_are_pinned(services: Services) -> None:
    images = {service["image"] for service in services.values()}
    for dockerfile in DOCKERFILES:
        images |= set(re.findall(r"^FROM (\S+)", dockerfile.read_text(), re.MULTILINE))
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


@pytest.mark.parametrize("dockerfile", DOCKERFILES, ids=lambda path: path.parent.name)
def test_the_dockerfile_passes_its_linter(dockerfile: Path) -> None:
    linted = subprocess.run([BIN / "hadolint", dockerfile], capture_output=True, text=True, check=False)
    assert (linted.returncode, linted.stdout) == (0, "")
