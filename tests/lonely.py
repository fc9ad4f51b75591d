"""Servers of a test's own, that it may stop, freeze and start again on their ports."""

import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.embedded import EmbeddedServer, find_free_port
from local.servers import EmbeddedPostgres, EmbeddedRedis


@contextmanager
def run_lonely_postgres() -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL that nothing else uses."""
    # Not under pytest's own folder, which is closed to the user that PostgreSQL runs as for root.
    folder = Path(tempfile.mkdtemp(prefix="seatline-lonely-"))
    folder.chmod(0o755)
    server = EmbeddedPostgres(folder / "postgres", durable=False, port=find_free_port())
    try:
        with server:
            yield server
    finally:
        server.discard()
        folder.rmdir()


@contextmanager
def run_lonely_redis(folder: Path, *, durable: bool = False) -> Iterator[EmbeddedRedis]:
    """A Redis that nothing else uses, and that keeps its port over a restart."""
    server = EmbeddedRedis(folder, durable=durable, port=find_free_port())
    try:
        with server:
            yield server
    finally:
        # Under pytest's own folder the data lie elsewhere for root.
        server.discard()


@contextmanager
def frozen(server: EmbeddedServer) -> Iterator[None]:
    """The server and all of its sessions stand still."""
    pid = server.pid or 0
    pids = [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
    for each in pids:
        os.kill(each, signal.SIGSTOP)
    try:
        yield
    finally:
        for each in pids:
            os.kill(each, signal.SIGCONT)


@contextmanager
def stopped(server: EmbeddedServer) -> Iterator[None]:
    """The server is away, and then back on its port."""
    server.stop()
    try:
        yield
    finally:
        server.start()
