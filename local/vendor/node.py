"""Node, the machine's own or else PyPI's, and what package-lock.json names: in .tools, once."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from local.vendor.manifest import LOCK, MODULES, ROOT

HERE = Path(__file__).parent
FOLDER = ROOT / ".tools" / "vendor"
NODE = ROOT / ".tools" / "nodejs"
PACKAGE = "package.json"
# Scripts of packages are not run: nothing that is used here needs them.
OPTIONS = "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"


def run(command: Sequence[str | Path], folder: Path = FOLDER, **variables: str) -> None:
    """Run a program, by Node where it needs that. Raises CalledProcessError."""
    path = f"{NODE / 'bin'}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, **variables}
    # The program too is looked for on that PATH.
    program = shutil.which(command[0], path=path) or command[0]
    subprocess.run([program, *command[1:]], cwd=folder, env=environment, check=True)


def install(*, is_upgrade: bool = False) -> Path:
    """Install what the lock names, with its hashes; its programs are in `.bin` of the folder that it returns.

    An upgrade makes the lock anew, of the newest versions that package.json allows; it names no registry.
    """
    _provide_node()
    FOLDER.mkdir(parents=True, exist_ok=True)
    modules = FOLDER / MODULES
    # What npm writes last, so that a folder that has it is whole.
    stamp = modules / ".package-lock.json"
    shutil.copy(HERE / PACKAGE, FOLDER)
    if is_upgrade:
        shutil.rmtree(modules, ignore_errors=True)
        (FOLDER / LOCK.name).unlink(missing_ok=True)
        run(["npm", "install", "--omit-lockfile-registry-resolved", *OPTIONS])
        shutil.copy(FOLDER / LOCK.name, LOCK)
    elif not stamp.exists() or stamp.stat().st_mtime < LOCK.stat().st_mtime:
        shutil.copy(LOCK, FOLDER)
        run(["npm", "ci", *OPTIONS])
    return modules


def _provide_node() -> None:
    if (shutil.which("node") and shutil.which("npm")) or (NODE / "bin" / "npm").exists():
        return
    run([sys.executable, "-m", "venv", "--clear", NODE], ROOT)
    requirements = HERE / "requirements.txt"
    run(
        [NODE / "bin" / "pip", "install", "--quiet", "--no-deps", "--require-hashes", "-r", requirements],
        ROOT,
    )
