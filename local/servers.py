"""Embedded PostgreSQL and Valkey: server programs out of wheels, each with its data in one folder."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg2
from psycopg2 import sql
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from local.data_dirs import (
    ServerError,
    choose_filler,
    settle_program,
    write_private,
)
from local.embedded import EmbeddedServer
from local.programs import find_postgres_programs, find_redis_program

__all__ = ["EmbeddedPostgres", "EmbeddedRedis", "ServerError"]

FILL_SECONDS = 120
DATABASE = "seatline"
# By which it names its socket where it listens on no port.
POSTGRES_PORT = 5432
SOCKET = "valkey.sock"
LOCALE = "C.UTF-8" if sys.platform == "linux" else "en_US.UTF-8"


class EmbeddedPostgres(EmbeddedServer):
    """PostgreSQL with the database `seatline`.

    `durable=False` trades the data's safety in a crash for speed; `settings` go over the defaults.
    """

    name = "PostgreSQL"
    pid_file = "data/postmaster.pid"
    # The fast shutdown: sessions are ended, and the data written out.
    stop_signal = signal.SIGINT

    def __init__(
        self,
        data_dir: Path,
        *,
        durable: bool = True,
        port: int = 0,
        settings: dict[str, str] | None = None,
    ) -> None:
        super().__init__(data_dir, durable=durable, port=port)
        self._settings = settings or {}
        self._bin_dir = Path()
        self._user = "postgres"

    def name_database(self, name: str) -> str:
        """The URL of one of its databases."""
        way_in = f"postgresql://{self._user}:{self._password}@"
        if self._sockets:
            return f"{way_in}:{POSTGRES_PORT}/{name}?host={self._sockets}"
        return f"{way_in}127.0.0.1:{self.port}/{name}"

    def _settle(self) -> None:
        super()._settle()
        self._bin_dir = settle_program(find_postgres_programs() / "postgres", self._account).parent

    def _prepare(self) -> None:
        os.chown(self._folder / "password", self._account.uid, self._account.gid)
        if (self._folder / "data").exists():
            return
        # Renamed when it is whole: whoever is interrupted here begins anew.
        fresh = self._folder / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        filler = choose_filler(self._account)
        fresh.mkdir(mode=0o700)
        os.chown(fresh, filler.uid, filler.gid)
        with self._let_in_group():
            made = subprocess.run(
                self._build_fill_command(fresh),
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=FILL_SECONDS,
                **filler.popen_options,
            )
        self._account.own(fresh)
        if made.returncode != 0:
            raise ServerError(f"{self.name} cannot be set up on {self.data_dir}:\n{made.stdout[-2000:]}")
        fresh.rename(self._folder / "data")

    @contextmanager
    def _let_in_group(self) -> Iterator[None]:
        """Let whoever is in the account's group into the folder, to read the password."""
        password = self._folder / "password"
        password.chmod(0o640)
        self._folder.chmod(0o710)
        try:
            yield
        finally:
            self._folder.chmod(0o700)
            password.chmod(0o600)

    def _build_fill_command(self, folder: Path) -> list[str]:
        """The command that fills a data folder."""
        command = [str(self._bin_dir / "initdb"), "-D", str(folder), "-U", self._user, "--auth=scram-sha-256"]
        command += [
            f"--pwfile={self._folder / 'password'}",
            "--encoding=UTF8",
            f"--locale={LOCALE}",
            "--no-instructions",
        ]
        return command

    def _build_command(self) -> list[str]:
        settings = {
            "listen_addresses": "127.0.0.1" if self.port else "",
            "port": str(self.port or POSTGRES_PORT),
            "unix_socket_directories": str(self._sockets or ""),
            "max_connections": "200",
            "shared_buffers": "128MB",
            "shared_preload_libraries": "pg_stat_statements",
        }
        if not self._durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        command = [str(self._bin_dir / "postgres"), "-D", str(self._folder / "data")]
        for name, value in (settings | self._settings).items():
            command += ["-c", f"{name}={value}"]
        return command

    def _connect(self) -> str:
        connection = psycopg2.connect(self.name_database("postgres"), connect_timeout=5)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT FROM pg_database WHERE datname = %s", (DATABASE,))
                if cursor.rowcount == 0:
                    cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
        finally:
            connection.close()
        self._count_statements()
        return self.name_database(DATABASE)

    def _count_statements(self) -> None:
        """Have PostgreSQL tell which statements take long (`GET /admin/database`)."""
        with closing(psycopg2.connect(self.name_database(DATABASE), connect_timeout=5)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")


class EmbeddedRedis(EmbeddedServer):
    """Valkey, which speaks Redis's protocol; `durable` keeps its data over a restart and a crash."""

    name = "Valkey"
    pid_file = "server.pid"
    stop_signal = signal.SIGTERM

    def _prepare(self) -> None:
        """Nothing: it makes its own files."""

    def _build_command(self) -> list[str]:
        settings = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "unixsocket": f"{self._sockets}/{SOCKET}" if self._sockets else '""',
            "dir": quote(self._folder),
            "pidfile": quote(self._folder / self.pid_file),
            "requirepass": self._password,
            "appendonly": "yes" if self._durable else "no",
            "save": '""',
            # Nudges and queues are no cache: rather refuse a write than drop one.
            "maxmemory-policy": "noeviction",
            # The command line must go on naming the data folder.
            "set-proc-title": "no",
        }
        config = self._folder / "server.conf"
        # A file, because everybody on the machine may read a command line.
        write_private(config, "".join(f"{name} {value}\n" for name, value in settings.items()))
        os.chown(config, self._account.uid, self._account.gid)
        return [str(settle_program(find_redis_program(), self._account)), str(config)]

    def _connect(self) -> str:
        url = f"redis://:{self._password}@127.0.0.1:{self.port}/0"
        if self._sockets:
            url = f"unix://:{self._password}@{self._sockets}/{SOCKET}"
        with Redis.from_url(url, socket_timeout=5, retry=Retry(NoBackoff(), 0)) as client:
            client.ping()
        return url


def quote(path: Path) -> str:
    """A path as Valkey's configuration wants it where it has blanks in it."""
    return json.dumps(str(path), ensure_ascii=False)
