"""The Procfile's processes: start them side by side, print what they say, end them whole."""

import json
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import IO

from honcho.colour import get_colours
from honcho.environ import parse_procfile
from honcho.printer import Message, Printer

from core.infra.log import show_line
from local.data_dirs import CHECKOUT
from local.processes import find_command, is_any_at_work, kill_group, wait_until

# Above what web and workers give themselves to finish the work at hand.
STOP_SECONDS = 20
KILL_SECONDS = 5
# What a process says at its start; of one that says more, the last lines tell why it ends.
HELD_LINES = 500
WARNINGS = frozenset({"warning", "error", "critical"})


def read_procfile() -> dict[str, str]:
    """Every process's name and command."""
    return dict(parse_procfile((CHECKOUT / "Procfile").read_text()).processes)


def is_warning(line: bytes) -> bool:
    """Whether a process's line is for whoever starts it: a warning or worse, or a line of our own."""
    if line.startswith(b"seatline: "):
        return True
    with suppress(ValueError, TypeError, KeyError):
        return json.loads(line)["level"] in WARNINGS
    return False


def show(line: bytes) -> bytes | str:
    """A process's line, for a person; the time stands before it."""
    with suppress(ValueError, TypeError, KeyError, AttributeError):
        fields = json.loads(line)
        fields.pop("timestamp")
        return show_line(fields)
    return line


class Processes:
    """Commands run side by side, each in a session of its own, so that all it starts can be ended.

    Honcho's own manager signals whole groups, which cuts the work of Celery's pool short, and kills
    after five seconds.

    Of what they say only warnings are printed until show_all(), and nothing while they may not tell; the rest
    is held, for show_held(). `own` has variables of one process each.
    """

    def __init__(
        self,
        commands: Mapping[str, str],
        environment: Mapping[str, str],
        record: Path,
        *,
        own: Mapping[str, Mapping[str, str]] = MappingProxyType({}),
        may_tell: Callable[[], bool] = lambda: True,
    ) -> None:
        self._commands = commands
        self._environment, self._own = environment, own
        self._record = record
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._readers: dict[str, threading.Thread] = {}
        self._held = {name: deque[Message](maxlen=HELD_LINES) for name in commands}
        self._may_tell = may_tell
        self._is_shown: Callable[[bytes], bool] = is_warning
        self._printing = threading.Lock()
        self._printer = Printer(sys.stdout, width=max(map(len, commands)))
        self._is_terminal = sys.stdout.isatty()

    def start(self) -> None:
        """Start every command; the record lists them, for end_leftovers."""
        colours = get_colours()
        for name, command in self._commands.items():
            process = subprocess.Popen(
                command,
                shell=True,
                cwd=CHECKOUT,
                env={**self._environment, **self._own.get(name, {})},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self._running[name] = process
            self._write_record()
            assert process.stdout is not None  # noqa: S101 (a pipe was asked for)
            reader = threading.Thread(
                target=self._relay, args=(name, process.stdout, next(colours)), daemon=True
            )
            reader.start()
            self._readers[name] = reader

    def find_dead(self) -> tuple[str, int] | None:
        """The name and exit code of a process that has ended, if any."""
        for name, process in self._running.items():
            if (code := process.poll()) is not None:
                return name, code
        return None

    def show_all(self) -> None:
        """Print everything from now on; what was held is forgotten."""
        with self._printing:
            self._is_shown = lambda _: True
            for held in self._held.values():
                held.clear()

    def show_held(self, name: str) -> None:
        """Print what this process said and nobody was shown; all of it where it has ended."""
        if self._running[name].poll() is not None:
            # Its children may have its output open still.
            self._readers[name].join(KILL_SECONDS)
        with self._printing:
            while self._held[name]:
                self._print(self._held[name].popleft())

    def stop(self) -> list[str]:
        """End all of them, in order and then by force; the names of those of which something is left."""
        processes = self._running.values()
        for process in processes:
            process.terminate()
        wait_until(lambda: all(p.poll() is not None for p in processes), timeout_seconds=STOP_SECONDS)
        # Killing a group also ends what a process left behind, or did not wait for.
        remaining = [
            name
            for name, process in self._running.items()
            if not kill_group(process.pid, timeout_seconds=KILL_SECONDS)
        ]
        for reader in self._readers.values():
            reader.join(KILL_SECONDS)
        self._running.clear()
        self._record.unlink(missing_ok=True)
        return remaining

    def _write_record(self) -> None:
        markers = {p.pid: find_marker(self._commands[name]) for name, p in self._running.items()}
        self._record.write_text(json.dumps(markers))

    def _relay(self, name: str, output: IO[bytes], colour: str) -> None:
        for line in output:
            message = Message("line", line, datetime.now(), name, colour)
            with self._printing:
                if self._is_shown(line) and self._may_tell():
                    self._print(message)
                else:
                    self._held[name].append(message)

    def _print(self, message: Message) -> None:
        # A reader that went away (`make run | head`) must not stop the processes.
        with suppress(OSError):
            self._printer.write(message._replace(data=show(message.data)) if self._is_terminal else message)


def find_marker(command: str) -> str:
    """What the command line of a running process is known by: its words up to the first variable."""
    return command.removeprefix("exec ").partition("$")[0].strip()


def end_leftovers(record: Path) -> int:
    """Kill the processes of a run that was killed, as its record lists them; how many there were.

    At once: their servers are about to go too, and what is accepted is on disk.
    """
    if not record.exists():
        return 0
    markers: dict[str, str] = {}
    with suppress(ValueError):
        markers = json.loads(record.read_text())
    found = {int(pid): marker for pid, marker in markers.items() if marker in find_command(int(pid))}
    for pid in found:
        kill_group(pid, timeout_seconds=0)
    # Forked children hold the ports, so whole groups are awaited; zombies may never be reaped, and hold none.
    wait_until(lambda: not is_any_at_work(found), timeout_seconds=KILL_SECONDS)
    record.unlink()
    return len(found)
