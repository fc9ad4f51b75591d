"""A checkout may be in a folder of any name, also with what Alembic's configuration has a meaning for."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acting import ask
from tests.apart import enter, make_database
from tests.support import ROOT

NAMES = ["my seat line", "one, two", "100% sold", "%(here)s", "one: two", "Théâtre d'été", 'a "b" $HOME']


@pytest.mark.parametrize("name", NAMES)
def test_release_runs_in_a_checkout_of_this_name(servers: dict[str, str], tmp_path: Path, name: str) -> None:
    checkout = tmp_path / name
    for folder in ("core", "migrations"):
        shutil.copytree(ROOT / folder, checkout / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", checkout)
    url = make_database(servers["DATABASE_URL"], f"paths_{NAMES.index(name)}")
    # From elsewhere, so that nothing but the configuration leads to the code.
    environment = {**os.environ, "DATABASE_URL": url, "ALEMBIC_CONFIG": str(checkout / "pyproject.toml")}
    command = [Path(sys.executable).with_name("alembic"), "upgrade", "head"]
    done = subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    with enter({"DATABASE_URL": url}):
        assert ask("SELECT FROM bookings") == []
