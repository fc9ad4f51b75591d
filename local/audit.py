"""`make audit`: whether what the locks name has vulnerabilities that somebody has reported."""

import json
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

from local.data_dirs import CHECKOUT

# In an environment of its own: what it needs is none of the service's, nor of what tests it.
TOOL, ENVIRONMENT = "pip-audit==2.10.1", CHECKOUT / ".tools" / "audit"
LOCKS = "requirements.txt", "requirements-dev.txt"
INSTALL_SECONDS, AUDIT_SECONDS = 300, 300


class UnreachableError(Exception):
    """The package index, or its list of vulnerabilities, does not answer."""


def install() -> Path:
    """The program, installed where it is not there yet. Raises UnreachableError."""
    program = ENVIRONMENT / "bin" / "pip-audit"
    if not program.exists():
        venv.create(ENVIRONMENT, with_pip=True, clear=True)
        command = [f"{ENVIRONMENT}/bin/pip", "install", "--quiet", "--disable-pip-version-check", TOOL]
        if subprocess.run(command, check=False, capture_output=True, timeout=INSTALL_SECONDS).returncode:
            raise UnreachableError(f"{TOOL} cannot be installed")
    return program


def audit(program: Path, lock: str) -> list[dict[str, Any]]:
    """What is known of each package of a lock. Raises UnreachableError."""
    command = [str(program), "--requirement", lock, "--no-deps", "--disable-pip", "--format", "json"]
    ran = subprocess.run(
        [*command, "--progress-spinner", "off"],
        cwd=CHECKOUT,
        check=False,
        capture_output=True,
        text=True,
        timeout=AUDIT_SECONDS,
    )
    return read_report(ran.stdout)


def read_report(said: str) -> list[dict[str, Any]]:
    """The packages of a report. Raises UnreachableError where it is none, or knows none of them."""
    try:
        packages: list[dict[str, Any]] = json.loads(said)["dependencies"]
    except (ValueError, KeyError, TypeError):
        packages = []
    if all("skip_reason" in package for package in packages):
        raise UnreachableError("the list of vulnerabilities cannot be reached")
    return packages


def list_findings(packages: list[dict[str, Any]]) -> list[str]:
    """A line for each vulnerability, and for each package of which nothing can be known."""
    return [
        f"{package['name']} {package['version']}: {found['id']}, mended in {found['fix_versions'] or 'none'}"
        for package in packages
        for found in package.get("vulns", ())
    ] + [package["skip_reason"] for package in packages if "skip_reason" in package]


def main() -> int:
    """1 where something is found; 0 where nothing is, or, after one line, where nothing can be looked up."""
    try:
        program = install()
        found = {lock: audit(program, lock) for lock in LOCKS}
    except (UnreachableError, subprocess.TimeoutExpired) as error:
        print(f"seatline: nothing was audited: {error}")
        return 0
    findings = [f"{lock}: {line}" for lock, packages in found.items() for line in list_findings(packages)]
    count = sum(map(len, found.values()))
    print("\n".join(findings) or f"no vulnerability is known of {count} packages")
    return int(bool(findings))


if __name__ == "__main__":
    sys.exit(main())
