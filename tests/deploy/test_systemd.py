"""deploy/systemd: units that systemd understands, at one with the Procfile, and closed to the machine."""

import os
import re
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

from api.server.main import CONNECTIONS, OTHER_FILES
from core.infra.settings import Settings
from tests.deploy.test_compose import LONGEST_STOP_SECONDS
from tests.support import ROOT, read_procfile

FOLDER = ROOT / "deploy" / "systemd"
COMMON = FOLDER / "seatline-.service.d" / "10-common.conf"
BIN = "/opt/seatline/.venv/bin/"
SERVICES = sorted(set(read_procfile()) - {"sandbox"})
# Of Python itself.
OF_PYTHON = {"PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}
# On a scale to 10; below 2 systemd calls it OK.
MOST_EXPOSED = 20
need_systemd = pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="systemd-analyze (Debian: systemd) is not installed"
)

Unit = dict[str, list[str]]


def read_unit(name: str) -> Unit:
    """What a service has under each key, its own first, then what all have."""
    found: Unit = defaultdict(list)
    for file in (FOLDER / f"seatline-{name}.service", COMMON):
        for line in file.read_text().splitlines():
            if line and line[0] not in "#[":
                key, _, value = line.partition("=")
                found[key].append(value)
    return found


def read_environment(unit: Unit) -> dict[str, str]:
    return dict(pair.split("=", 1) for line in unit["Environment"] for pair in line.split())


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The units, with this checkout in place of /opt/seatline."""
    shutil.copytree(FOLDER, tmp_path, dirs_exist_ok=True)
    for file in tmp_path.rglob("*.*"):
        if file.is_file():
            file.write_text(file.read_text().replace("/opt/seatline", str(ROOT)))
    return tmp_path


def analyze(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What systemd-analyze says, with these units beside the machine's own."""
    environment = {**os.environ, "SYSTEMD_UNIT_PATH": f"{folder}:"}
    return subprocess.run(
        ["systemd-analyze", *arguments], env=environment, capture_output=True, text=True, check=False
    )


def test_there_is_a_unit_for_each_process_and_no_other() -> None:
    assert sorted(file.stem for file in FOLDER.glob("*.service")) == [f"seatline-{name}" for name in SERVICES]


@pytest.mark.parametrize("name", SERVICES)
def test_it_runs_the_command_of_the_procfile(name: str) -> None:
    (command,) = read_unit(name)["ExecStart"]
    assert command.startswith(BIN)
    # A percent sign is systemd's own.
    assert f"exec {command.removeprefix(BIN)}".replace("%%", "%") == read_procfile()[name]
    assert not re.search(r"(?<!%)%(?!%)", command.replace("%%", ""))


@pytest.mark.parametrize("name", SERVICES)
def test_it_comes_back_and_has_time_to_stop(name: str) -> None:
    unit = read_unit(name)
    assert int(unit["TimeoutStopSec"][0]) >= LONGEST_STOP_SECONDS
    # Told by itself, a process tells its children once they are done.
    assert unit["KillMode"] == ["mixed"]
    if name == "release":
        assert (unit["Type"], unit["Restart"], unit["WantedBy"]) == (["oneshot"], [], [])
    else:
        assert (unit["Restart"], unit["WantedBy"]) == (["always"], ["seatline.target"])


def test_every_variable_is_a_setting_and_metrics_have_ports_of_their_own() -> None:
    known = {name.upper() for name in Settings.model_fields} | OF_PYTHON
    given = {name: read_environment(read_unit(name)) for name in SERVICES}
    for name, environment in given.items():
        assert environment.keys() <= known, name
        assert environment["SEATLINE_ENV"] == "production"
        # In a folder that is there, in memory, and this unit's.
        assert environment["PROMETHEUS_MULTIPROC_DIR"] == f"%t/{read_unit(name)['RuntimeDirectory'][0]}"
    ports = [each["METRICS_PORT"] for each in given.values() if "METRICS_PORT" in each]
    assert len(ports) == len(set(ports)) == 3


def test_web_may_open_as_many_files_as_it_takes() -> None:
    assert int(read_unit("web")["LimitNOFILE"][0]) >= CONNECTIONS + OTHER_FILES


@need_systemd
def test_systemd_finds_no_fault(installed: Path) -> None:
    units = [str(file) for file in installed.glob("seatline*.*") if file.is_file()]
    verified = analyze(installed, "verify", "--man=no", "--recursive-errors=no", *units)
    ours = [line for line in verified.stderr.splitlines() if "seatline" in line]
    assert (verified.returncode, ours) == (0, [])


@need_systemd
@pytest.mark.parametrize("name", SERVICES)
def test_it_may_do_little_to_the_machine(installed: Path, name: str) -> None:
    judged = analyze(
        installed,
        "security",
        "--no-pager",
        "--offline=yes",
        f"--threshold={MOST_EXPOSED}",
        f"seatline-{name}.service",
    )
    assert judged.returncode == 0, judged.stdout + judged.stderr
