"""What of the processes' words is printed when."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local.processes import wait_until
from local.procfile import Processes, is_warning, show
from tests.support import HANGS_SECONDS

WARNINGS = [
    b'{"level": "warning", "message": "certificates are not verified"}\n',
    b'{"message": "it broke", "level": "error"}\n',
    b'{"level": "critical"}\n',
    b"seatline: DATABASE_URL is not set\n",
]
OTHERS = [
    b'{"level": "info", "message": "ready."}\n',
    b'{"level": ["warning"]}\n',
    b'{"message": "warning"}\n',
    b'["level"]\n',
    b'"warning"\n',
    b"17\n",
    b"WARNING: not ours\n",
    b" -------------- worker@host v5.7.0\n",
    b"\xff\xfe\n",
    b"\n",
]


@pytest.mark.parametrize("line", WARNINGS)
def test_warnings_are_for_whoever_starts_it(line: bytes) -> None:
    assert is_warning(line)


@pytest.mark.parametrize("line", OTHERS)
def test_other_lines_are_not(line: bytes) -> None:
    assert not is_warning(line)


@pytest.mark.parametrize("line", OTHERS)
def test_what_is_no_line_of_a_log_is_shown_as_it_is(line: bytes) -> None:
    assert show(line) == line


class Said:
    """Two processes: `talker` repeats what is put into a file, `other` says a word and is silent."""

    def __init__(self, folder: Path) -> None:
        self.may_tell = True
        self.file = folder / "said"
        self.file.touch()
        commands = {"talker": f"exec tail -n +1 -f '{self.file}'", "other": "echo other; exec sleep 600"}
        self.processes = Processes(commands, os.environ, folder / "record", may_tell=lambda: self.may_tell)
        self.processes.start()

    def say(self, line: str) -> None:
        with self.file.open("a") as file:
            file.write(f"{line}\n")


@contextmanager
def talking(folder: Path) -> Iterator[Said]:
    """The processes, on the standard output that is there at the moment."""
    found = Said(folder)
    try:
        yield found
    finally:
        assert found.processes.stop() == []


def read_until(capsys: pytest.CaptureFixture[str], word: str) -> str:
    """What is printed up to now, once the word is in it."""
    printed = ""

    def is_there() -> bool:
        nonlocal printed
        printed += capsys.readouterr().out
        return word in printed

    assert wait_until(is_there, timeout_seconds=HANGS_SECONDS), printed
    return printed


def test_only_warnings_are_printed_until_all_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with talking(tmp_path) as said:
        said.say("a banner")
        said.say("seatline: a hint")
        assert "banner" not in read_until(capsys, "a hint")
        said.processes.show_all()
        said.say("business as usual")
        printed = read_until(capsys, "business as usual")
        assert "banner" not in printed
        assert "talker |" in printed
        said.processes.show_held("talker")
        assert "banner" not in capsys.readouterr().out


def test_what_was_held_of_a_process_can_be_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with talking(tmp_path) as said:
        said.say("the reason")
        said.say("seatline: the end")
        assert "the reason" not in read_until(capsys, "the end")
        said.processes.show_held("talker")
        assert "other" not in read_until(capsys, "the reason")
        said.processes.show_held("talker")
        assert capsys.readouterr().out == ""


def test_nothing_is_printed_of_those_that_may_not_tell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with talking(tmp_path) as said:
        said.processes.show_all()
        said.say("before")
        read_until(capsys, "before")
        said.may_tell = False
        said.say("seatline: after")
        assert wait_until(lambda: bool(said.processes._held["talker"]), timeout_seconds=HANGS_SECONDS)
        assert "after" not in capsys.readouterr().out
