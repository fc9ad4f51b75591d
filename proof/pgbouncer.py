"""A PgBouncer of the machine's, in transaction mode, before an embedded PostgreSQL."""

import os
import shutil
import signal
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2

from local.data_dirs import ServerError
from local.embedded import find_free_port
from local.processes import wait_until

# Debian puts it out of the way of users.
USUAL = Path("/usr/sbin")
# What docs/operations.md tells operators to set.
SETTINGS = {
    "pool_mode": "transaction",
    "default_pool_size": "40",
    "max_client_conn": "1000",
    "server_login_retry": "1",
    "query_wait_timeout": "2",
}


READY_SECONDS = 30


def find_program() -> str | None:
    """Where it is, None where it is not installed."""
    return shutil.which("pgbouncer", path=f"{USUAL}{os.pathsep}{os.environ['PATH']}")


class PgBouncer:
    """A pooler before the server of a URL, on a free loopback port."""

    def __init__(self, folder: Path, database_url: str, **settings: str) -> None:
        self._folder, self._server = folder, urlsplit(database_url)
        self._settings = SETTINGS | settings
        self.port = find_free_port()
        self.url = database_url.replace(f":{self._server.port}/", f":{self.port}/")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it lets us in. Raises ServerError."""
        program = find_program()
        if program is None:
            raise ServerError("pgbouncer is not installed")
        users = self._folder / "users"
        users.write_text(f'"{self._server.username}" "{self._server.password}"\n')
        settings = {
            "listen_addr": "127.0.0.1",
            "listen_port": str(self.port),
            "unix_socket_dir": "",
            "auth_type": "plain",
            "auth_file": str(users),
            "logfile": str(self._folder / "log"),
            **self._settings,
        }
        config = self._folder / "pgbouncer.ini"
        config.write_text(
            f"[databases]\n* = host=127.0.0.1 port={self._server.port}\n[pgbouncer]\n"
            + "".join(f"{name} = {value}\n" for name, value in settings.items())
        )
        command = [program, str(config)]
        if os.geteuid() == 0:
            # It refuses to be root's.
            for path in (self._folder, users, config):
                shutil.chown(path, "nobody")
            command = [program, "-u", "nobody", str(config)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if not wait_until(self._answers, timeout_seconds=READY_SECONDS):
            raise ServerError("pgbouncer does not answer")

    def _answers(self) -> bool:
        try:
            psycopg2.connect(self.url, connect_timeout=2).close()
        except psycopg2.OperationalError:
            return False
        return True

    def stop(self) -> None:
        """End it at once, and every session with it."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None
