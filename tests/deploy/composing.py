"""docker-compose.yml as compose itself understands it, which takes no Docker."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support import ROOT

BIN = Path(sys.executable).parent
SECRETS = {
    "ADMIN_API_KEY": "an-admin-key-of-some-length",
    "SEATLINE_SECRET": "a-secret-of-thirty-two-characters",
    "POSTGRES_PASSWORD": "a-password",
    "REDIS_PASSWORD": "a-password-of-redis",
    "FLOWER_PASSWORD": "another-password",
}
# What runs images that are not ours.
OTHERS = {"postgres", "redis", "proxy"}


def run_compose(
    *arguments: str,
    variables: Mapping[str, str],
    env_file: str | Path = os.devnull,
    files: Sequence[Path] = (ROOT / "docker-compose.yml",),
) -> subprocess.CompletedProcess[str]:
    """Compose in the checkout, with these variables, and those of a file in place of `.env`."""
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **variables}
    given = [part for file in files for part in ("--file", file)]
    command = [BIN / "docker-compose", *given, "--env-file", env_file]
    return subprocess.run(
        [*command, *arguments], env=environment, capture_output=True, text=True, check=False
    )


def read_services(
    variables: Mapping[str, str], env_file: str | Path = os.devnull
) -> dict[str, dict[str, Any]]:
    """The services by name. Fails the test where compose has anything to say."""
    read = run_compose("config", "--format", "json", variables=variables, env_file=env_file)
    assert (read.returncode, read.stderr) == (0, "")
    found: dict[str, dict[str, Any]] = json.loads(read.stdout)["services"]
    return found


def read_given(service: Mapping[str, Any]) -> dict[str, str]:
    """The variables that a service's processes see: those that are neither unset nor empty."""
    return {name: value for name, value in service["environment"].items() if value}
