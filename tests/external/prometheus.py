"""The machine's Prometheus and exporters, with the files of deploy/prometheus."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit
from urllib.request import urlopen

import yaml

from local.embedded import find_free_port
from tests.deploy.watching import PROMETHEUS
from tests.support import HANGS_SECONDS, wait_for_http

PROGRAMS = "prometheus", "prometheus-postgres-exporter", "prometheus-redis-exporter"
KEYS = ",".join(f"db0={key}" for key in ("bookings", "expiry", "events", "webhooks", "payments", "unacked"))


def lay_out(folder: Path, *, token: str = "") -> Path:
    """The files as an operator has them, with the token that they name; the configuration's path."""
    shutil.copytree(PROMETHEUS, folder, dirs_exist_ok=True)
    (folder / "metrics-token").write_text(token)
    return folder / "prometheus.yml"


@contextmanager
def run_program(
    log: Path, *command: str | Path, variables: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A program that goes on until it is ended."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env={**os.environ, **(variables or {})}, stdout=output, stderr=output
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def run_exporters(folder: Path, servers: Mapping[str, str]) -> Iterator[dict[str, int]]:
    """The exporters of PostgreSQL and Redis, as deploy/prometheus says; the ports by Prometheus's jobs."""
    ports = {"postgres": find_free_port(), "redis": find_free_port()}
    redis = urlsplit(servers["REDIS_URL"])
    postgres_exporter = (
        "prometheus-postgres-exporter",
        f"--extend.query-path={PROMETHEUS / 'postgres-queries.yml'}",
        "--disable-default-metrics",
        "--disable-settings-metrics",
        "--no-collector.database",
        "--no-collector.bgwriter",
        f"--web.listen-address=127.0.0.1:{ports['postgres']}",
    )
    redis_exporter = (
        "prometheus-redis-exporter",
        f"-redis.addr=redis://127.0.0.1:{redis.port}",
        f"-check-single-keys={KEYS}",
        f"-web.listen-address=127.0.0.1:{ports['redis']}",
    )
    source = {"DATA_SOURCE_NAME": f"{servers['DATABASE_URL']}?sslmode=disable"}
    password = {"REDIS_PASSWORD": redis.password or ""}
    with (
        run_program(folder / "postgres-exporter.log", *postgres_exporter, variables=source),
        run_program(folder / "redis-exporter.log", *redis_exporter, variables=password),
    ):
        yield ports


class Prometheus:
    """A Prometheus that asks these ports of ours, by its jobs' names, once a second."""

    def __init__(self, folder: Path, ports: Mapping[str, int], *, token: str) -> None:
        self.folder, self._port = folder, find_free_port()
        self.address = f"http://127.0.0.1:{self._port}"
        self.file = lay_out(folder, token=token)
        configuration = yaml.safe_load(self.file.read_text())
        configuration["global"] = {
            "scrape_interval": "1s",
            "scrape_timeout": "1s",
            "evaluation_interval": "1s",
        }
        configuration["scrape_configs"] = [
            self._lead_here(job, ports) for job in configuration["scrape_configs"] if job["job_name"] in ports
        ]
        self.file.write_text(yaml.safe_dump(configuration))

    @staticmethod
    def _lead_here(job: dict[str, Any], ports: Mapping[str, int]) -> dict[str, Any]:
        kept = {key: value for key, value in job.items() if key != "dns_sd_configs"}
        return {**kept, "static_configs": [{"targets": [f"127.0.0.1:{ports[job['job_name']]}"]}]}

    @contextmanager
    def run(self) -> Iterator[None]:
        """Run it, with its data in its folder, until it answers."""
        arguments = (
            f"--config.file={self.file}",
            f"--storage.tsdb.path={self.folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self._port}",
        )
        with run_program(self.folder / "prometheus.log", "prometheus", *arguments):
            wait_for_http(f"{self.address}/-/ready")
            yield

    def ask(self, path: str) -> Any:
        """The `data` of an answer. Raises HTTPError for a query that is wrong."""
        with urlopen(f"{self.address}/api/v1/{path}", timeout=HANGS_SECONDS) as answer:
            return json.load(answer)["data"]

    def query(self, expression: str) -> list[dict[str, Any]]:
        """What a query finds at this moment, with a window that has a few scrapes in it."""
        asked = expression.replace("$__rate_interval", "10s")
        found: list[dict[str, Any]] = self.ask(f"query?query={quote(asked)}")["result"]
        return found
