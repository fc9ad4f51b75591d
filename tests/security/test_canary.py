"""A secret that comes out anywhere fails the test in which it does."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.canary import CANARY
from tests.support import HANGS_SECONDS, ROOT

KEY = f"slk_abcdefgh_{'x' * 32}"
LEAKS = {
    "printed by a process": f"subprocess.run(['echo', 'key={CANARY}'])",
    "logged": f"logging.warning('key=%s', '{CANARY}')",
    "printed as the service makes it": f"print('{KEY}')",
    "what webhooks are signed with": f"print('whsec_{'A' * 43}=')",
    "in a log": f"watch(path := tmp_path / 'log'); path.write_text('key={CANARY}')",
}
TEST = """
import logging, subprocess
from tests.canary import watch

def test_it(tmp_path):
    {leak}
"""


def run(test: str, folder: Path) -> tuple[int, str]:
    """The exit code and the words of a run of that test."""
    (folder / "test_it.py").write_text(test)
    # None of this project's settings; no folder that another run has.
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-c",
        os.devnull,
        "--rootdir",
        folder,
        "-p",
        "tests.canary",
    ]
    ran = subprocess.run(
        [*command, "-p", "no:cacheprovider", "--basetemp", folder / "temporary", folder / "test_it.py"],
        cwd=ROOT,
        env={**os.environ, "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=HANGS_SECONDS,
    )
    return ran.returncode, ran.stdout


@pytest.mark.parametrize("leak", LEAKS.values(), ids=LEAKS.keys())
def test_a_secret_that_is_told_fails_the_test(leak: str, tmp_path: Path) -> None:
    code, said = run(TEST.format(leak=leak), tmp_path)
    assert (code, "a secret was told" in said) == (1, True), said


def test_nothing_else_does(tmp_path: Path) -> None:
    code, said = run(TEST.format(leak="print('slk_abcdefgh whsec_')"), tmp_path)
    assert code == 0, said
