"""A server on this machine with its data in one folder: started, awaited, found again, stopped."""

import os
import random
import shutil
import signal
import socket
import subprocess
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path
from typing import Self

import psycopg2
from redis.exceptions import RedisError

from local.data_dirs import (
    ServerError,
    choose_account,
    hold_lock,
    keep_secret,
    make_sockets_folder,
    name_shelter,
    settle_data,
)
from local.processes import end_stranger, find_command, wait_until

# A crash may have left minutes of log to replay; a server that is not up by then is broken.
READY_SECONDS = 60
STOP_SECONDS = 20
# What a server killed before has left may take a moment to let go of its memory and its port.
START_TRIES = 5
# Below those that Linux (from 32768) and others (from 49152) give to outgoing connections.
FREE_PORTS = range(20_000, 32_000)
LOG_TAIL_LINES = 15
# Of free ports that were given out: bound, and not listening.
_kept: list[socket.socket] = []


class EmbeddedServer(ABC):
    """A server with its data in a folder; start() again finds them, and has the same URL.

    It listens on a socket in a folder that its user alone may enter, and on no port; where it is given a
    port of loopback, on that instead, for whoever has a proxy before it. It wants its password on either.
    For root it runs as the checkout's owner or a user of its own.

    One at a time on a folder: a second one is refused with ServerError, and a server whose starter was
    killed is stopped and replaced.
    """

    name: str
    pid_file: str
    stop_signal: signal.Signals

    def __init__(self, data_dir: Path, *, durable: bool = True, port: int = 0) -> None:
        self.data_dir = data_dir.absolute()
        self.url = ""
        # 0: none.
        self.port = port
        self._durable = durable
        self._folder = self.data_dir
        self._account = choose_account()
        self._password = ""
        self._sockets: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: int | None = None

    @property
    def pid(self) -> int | None:
        """The server's process, None while it is stopped."""
        return self._process.pid if self._process else None

    @property
    def is_running(self) -> bool:
        """Whether the server was started and has not died."""
        return self._process is not None and self._process.poll() is None

    @property
    def has_data(self) -> bool:
        """Whether the data of the running server are still there: without them it goes on for a while."""
        return (self.data_dir / self.pid_file).exists()

    def start(self) -> str:
        """Start the server, wait until it answers, and give its URL. Raises ServerError."""
        try:
            self._settle()
            refusal = f"{self.name} on {self.data_dir} was started by another process that is still running"
            self._lock = hold_lock(self._folder / "lock", refusal)
            self._password = keep_secret(self._folder / "password")
            self._end_orphan()
            if not self.port:
                self._sockets = make_sockets_folder(self.data_dir, self._password, self._account)
            self._prepare()
            self.url = self._launch()
        except OSError as error:
            self.stop()
            raise ServerError(f"{self.name} cannot be started on {self.data_dir}: {error}") from error
        except BaseException:
            self.stop()
            raise
        return self.url

    def stop(self) -> None:
        """Stop the server in order, by force if it takes too long; nothing where it is not running."""
        if self._process:
            self._process.send_signal(self.stop_signal)
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        if self._sockets:
            shutil.rmtree(self._sockets, ignore_errors=True)
            self._sockets = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def discard(self) -> None:
        """Stop the server and delete its data."""
        self.stop()
        shutil.rmtree(self.data_dir.resolve(), ignore_errors=True)
        shutil.rmtree(name_shelter(self.data_dir), ignore_errors=True)
        self.data_dir.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _settle(self) -> None:
        self._folder = settle_data(self.data_dir, self._account)

    @abstractmethod
    def _prepare(self) -> None:
        """Make what must be there before the first start."""

    @abstractmethod
    def _build_command(self) -> list[str]:
        """The server's command line; it names the data folder, by which an orphan is known."""

    @abstractmethod
    def _connect(self) -> str:
        """The URL of a server that answers. Raises what the client's library raises where it does not."""

    def _end_orphan(self) -> None:
        pid_file = self._folder / self.pid_file
        with suppress(FileNotFoundError, ValueError, IndexError):
            pid = int(pid_file.read_text().split()[0])
            marker = str(self._folder)
            is_ours = end_stranger(pid, marker, sign=self.stop_signal, timeout_seconds=STOP_SECONDS)
            if not is_ours and find_command(pid):
                # Its pid went to another process, which PostgreSQL would take for itself still running.
                pid_file.unlink()

    def _launch(self) -> str:
        for _ in range(START_TRIES):
            command = self._build_command()
            with (self._folder / "server.log").open("wb") as log:
                # A session of its own: Ctrl-C in the terminal is for whoever started it.
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    **self._account.popen_options,
                )
            if self._await():
                return self.url
            if self.is_running or "in use" not in self._read_log_tail():
                break
        outcome = "does not answer" if self.is_running else "stopped at its start"
        raise ServerError(f"{self.name} on {self.data_dir} {outcome}; its log ends:\n{self._read_log_tail()}")

    def _await(self) -> bool:
        def is_settled() -> bool:
            with suppress(psycopg2.OperationalError, RedisError):
                self.url = self._connect()
            return bool(self.url) or not self.is_running

        self.url = ""
        wait_until(is_settled, timeout_seconds=READY_SECONDS)
        # A copy of the data folder, which has its password, may have its port.
        return bool(self.url) and self.is_running

    def _read_log_tail(self) -> str:
        lines = (self._folder / "server.log").read_text(errors="replace").splitlines()
        return "\n".join(lines[-LOG_TAIL_LINES:])


def find_free_port() -> int:
    """A loopback port for a server to listen on; until this process ends, it is given to nobody else.

    Not to another process that asks, nor to an outgoing connection.
    """
    while True:
        place = socket.socket()
        port = random.choice(FREE_PORTS)  # noqa: S311 (only so that two who ask at once differ)
        try:
            place.bind(("127.0.0.1", port))
        except OSError:
            place.close()
            continue
        # Whoever listens may share the address with one that does not; servers ask for either of these.
        for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
            place.setsockopt(socket.SOL_SOCKET, option, 1)
        _kept.append(place)
        return port
