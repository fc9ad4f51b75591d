"""Programs from PyPI and npm that tests need and Seatline does not: client generators, what drives a browser.

Each kind is installed once, as locked.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

from tests.support import ROOT

CLIENTS = Path(__file__).parent / "clients"
# Outside of what is linted, tested and counted.
TOOLS = ROOT / ".tools"
SECONDS = 300


def run(command: Sequence[str | Path], *, folder: Path = ROOT) -> str:
    """What a program says; fails the test, with all that it said, where it fails."""
    ran = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert ran.returncode == 0, f"{command}\n{ran.stdout}\n{ran.stderr}"
    return ran.stdout


def need(*programs: str) -> list[pytest.MarkDecorator]:
    """Skips tests where a program is missing; but not in CI, which is to install it."""
    return [
        pytest.mark.skipif(
            not shutil.which(name) and not os.environ.get("CI"), reason=f"{name} is not installed"
        )
        for name in programs
    ]


@cache
def install_python() -> Path:
    """The programs of an environment with what requirements.txt names."""
    environment, lock = TOOLS / "python", CLIENTS / "requirements.txt"
    with _alone(environment):
        if not _is_fresh(stamp := environment / ".installed", lock):
            run([sys.executable, "-m", "venv", "--clear", environment])
            pip = environment / "bin" / "pip"
            run([pip, "install", "--quiet", "--no-deps", "--require-hashes", "-r", lock])
            stamp.touch()
    return environment / "bin"


@cache
def install_node() -> Path:
    """The folder of what package-lock.json names; its programs are in .bin."""
    folder, lock = TOOLS / "node", CLIENTS / "package-lock.json"
    modules = folder / "node_modules"
    # What npm writes last, so that a folder that has it is whole.
    with _alone(folder):
        if not _is_fresh(modules / ".package-lock.json", lock):
            for name in ("package.json", "package-lock.json"):
                shutil.copy(CLIENTS / name, folder)
            run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder=folder)
    return modules


def lay_out(folder: Path, *names: str) -> None:
    """Copy these files of ours into a folder in which they find what npm installed."""
    for name in names:
        shutil.copy(CLIENTS / name, folder)
    (folder / "node_modules").symlink_to(install_node())


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Test processes that run at once install one after the other."""
    folder.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_fresh(stamp: Path, lock: Path) -> bool:
    return stamp.exists() and stamp.stat().st_mtime >= lock.stat().st_mtime
