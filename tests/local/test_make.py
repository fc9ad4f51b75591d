"""What `make` says before it does something that takes its time, and where it cannot."""

import os
import re
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.support import ROOT

REQUIREMENTS = "requirements.txt", "requirements-dev.txt"
SIZES = re.compile(r"^\w+_SIZE := (.+)$", re.MULTILINE)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout that needs no packages."""
    (tmp_path / "Makefile").write_text((ROOT / "Makefile").read_text())
    for name in REQUIREMENTS:
        (tmp_path / name).touch()
    return tmp_path


def make(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # What this very process was started with by `make` is not for another.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", f"PYTHON={sys.executable}", *arguments],
        cwd=checkout,
        env=inherited,
        capture_output=True,
        text=True,
        check=False,
    )


def test_setup_is_one_line_also_for_root(checkout: Path) -> None:
    made = make(checkout, "setup")
    assert (made.returncode, made.stderr) == (0, "")
    assert re.fullmatch(
        r"Setting up Python 3\.\S+ in \.venv, once: about \d+ MB to download, \d+ MB on disk\n", made.stdout
    )
    again = make(checkout, "setup")
    assert "Setting up" not in again.stdout


def test_setup_that_fails_shows_all_that_pip_says(checkout: Path) -> None:
    (checkout / REQUIREMENTS[0]).write_text("./missing-1.0-py3-none-any.whl\n")
    made = make(checkout, "setup")
    assert made.returncode != 0
    # A warning of pip's that tells why, its error, and what to do.
    for words in (
        "looks like a filename, but the file does not exist",
        "ERROR: ",
        "`make setup` tries again",
    ):
        assert words in made.stdout
    assert not (checkout / ".venv" / ".installed").exists()
    (checkout / REQUIREMENTS[0]).write_text("")
    assert make(checkout, "setup").returncode == 0


@pytest.mark.parametrize("given", ["", " --hash=sha256:" + "0" * 64])
def test_setup_installs_nothing_that_has_another_hash_or_none(checkout: Path, given: str) -> None:
    wheel = checkout / "made-1.0-py3-none-any.whl"
    with ZipFile(wheel, "w") as archive:
        archive.writestr("made-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: made\nVersion: 1.0\n")
        archive.writestr("made-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\n")
        archive.writestr("made-1.0.dist-info/RECORD", "")
    lock = checkout / REQUIREMENTS[0]
    lock.write_text(f"./{wheel.name}{given}\n")
    made = make(checkout, "setup")
    assert made.returncode != 0
    assert "hash" in made.stdout.lower()
    lock.write_text(f"./{wheel.name} --hash=sha256:{sha256(wheel.read_bytes()).hexdigest()}\n")
    assert make(checkout, "setup").returncode == 0


@pytest.mark.parametrize("arguments", ["", "tests/core -k holds"])
def test_tests_are_announced_where_it_is_all_of_them(arguments: str, checkout: Path) -> None:
    binaries = checkout / ".venv" / "bin"
    binaries.mkdir(parents=True)
    (binaries / "pytest").write_text('#!/bin/sh\necho "pytest $*"\n')
    (binaries / "pytest").chmod(0o755)
    (checkout / ".venv" / ".installed").touch()
    *told, began = make(checkout, "test", f"ARGS={arguments}").stdout.splitlines()
    assert began.startswith("pytest -n 3 ")
    assert began.endswith(arguments)
    if arguments:
        assert told == []
    else:
        assert re.search(r"about \d+ minutes on two cores, \d+ GB of memory and \d+ GB of disk", told[0])
        assert told[1] == 'Some of them: make test ARGS="tests/core -k holds"'


def test_the_readme_tells_the_same_sizes() -> None:
    readme = " ".join((ROOT / "README.md").read_text().split())
    sizes = SIZES.findall((ROOT / "Makefile").read_text())
    assert len(sizes) == 2
    assert [size for size in sizes if size not in readme] == []
