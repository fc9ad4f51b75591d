"""The embedded servers: started, found again, replaced, refused, and reachable under root."""

import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg2
import pytest
from redis import Redis
from redis.exceptions import AuthenticationError

from local.data_dirs import (
    CHECKOUT,
    Account,
    choose_account,
    make_shelter,
    make_sockets_folder,
    name_shelter,
    settle_program,
)
from local.embedded import EmbeddedServer, find_free_port
from local.processes import find_command, wait_until
from local.programs import find_postgres_programs, find_redis_program
from local.servers import EmbeddedPostgres, EmbeddedRedis, ServerError
from tests.support import HANGS_SECONDS

IS_ROOTS = os.geteuid() == 0 == CHECKOUT.stat().st_uid
NOBODY = Account(pwd.getpwnam("nobody").pw_uid, pwd.getpwnam("nobody").pw_gid)
SERVERS = [EmbeddedPostgres, EmbeddedRedis]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user may enter, unlike pytest's own."""
    path = Path(tempfile.mkdtemp(prefix="seatline-test-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def query(server: EmbeddedServer, statement: str) -> list[tuple[str, ...]]:
    connection = psycopg2.connect(server.url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def keep_word(server: EmbeddedServer) -> None:
    if isinstance(server, EmbeddedPostgres):
        query(server, "CREATE TABLE kept AS SELECT 'word'::text AS word")
    else:
        with Redis.from_url(server.url) as client:
            client.set("kept", "word")


def read_word(server: EmbeddedServer) -> str:
    if isinstance(server, EmbeddedPostgres):
        return query(server, "SELECT word FROM kept")[0][0]
    with Redis.from_url(server.url, decode_responses=True) as client:
        return client.get("kept")


@pytest.mark.parametrize("kind", SERVERS)
def test_the_next_start_finds_the_data(kind: type[EmbeddedServer], folder: Path) -> None:
    with kind(folder / "data") as server:
        keep_word(server)
        pid = server.pid
    assert find_command(pid) == ""

    with kind(folder / "data") as server:
        assert read_word(server) == "word"


@pytest.mark.parametrize("kind", SERVERS)
def test_a_server_orphaned_by_kill_9_is_replaced(kind: type[EmbeddedServer], folder: Path) -> None:
    starter = f"""
import os, signal
from pathlib import Path
from local.servers import {kind.__name__}
print({kind.__name__}(Path({str(folder / "data")!r})).start(), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    started = subprocess.run([sys.executable, "-c", starter], stdout=subprocess.PIPE, check=False)
    assert started.returncode == -signal.SIGKILL
    orphan = kind(folder / "data")
    orphan.url = started.stdout.decode().splitlines()[-1]
    keep_word(orphan)
    pid = int((folder / "data" / kind.pid_file).read_text().split()[0])

    with kind(folder / "data") as server:
        assert find_command(pid) == ""
        assert read_word(server) == "word"


@pytest.mark.parametrize("kind", SERVERS)
def test_a_second_start_on_the_same_data_is_refused(kind: type[EmbeddedServer], folder: Path) -> None:
    with kind(folder / "data") as server:
        keep_word(server)
        with pytest.raises(ServerError, match="was started by another process"):
            kind(folder / "data").start()
        assert read_word(server) == "word"


@pytest.mark.parametrize("kind", SERVERS)
def test_a_process_that_took_over_the_pid_is_left_alone(kind: type[EmbeddedServer], folder: Path) -> None:
    with kind(folder / "data"):
        pass
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        (folder / "data" / kind.pid_file).write_text(f"{stranger.pid}\n")
        with kind(folder / "data"):
            assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


@pytest.mark.parametrize("kind", SERVERS)
def test_a_folder_closed_to_others_is_no_obstacle(kind: type[EmbeddedServer], folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    server = kind(closed / "data")
    try:
        server.start()
        keep_word(server)
        server.stop()
        server.start()
        assert read_word(server) == "word"
        # Only where we are root is it another user's.
        assert server.data_dir.is_symlink() == (os.geteuid() == 0)
    finally:
        server.discard()
    assert not server.data_dir.is_symlink()
    assert not name_shelter(server.data_dir).exists()


@pytest.mark.parametrize("find", [lambda: find_postgres_programs() / "postgres", find_redis_program])
def test_a_program_in_a_closed_folder_is_run_from_a_copy(find: Callable[[], Path], folder: Path) -> None:
    installed = find()
    site = folder / "closed"
    site.mkdir(mode=0o700)
    package = installed.parents[2]
    for source in package.parent.glob(f"{package.name}*"):
        shutil.copytree(source, site / source.name, symlinks=True)
    account = choose_account()
    program = settle_program(site / installed.relative_to(package.parent), account)
    try:
        # As root it was copied, once; others reach their own closed folder.
        assert settle_program(site / installed.relative_to(package.parent), account) == program
        command = [str(program), "--version"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **account.popen_options)
    finally:
        shutil.rmtree(name_shelter(site / package.name), ignore_errors=True)


def test_a_shelter_that_is_somebody_elses_link_is_refused(folder: Path) -> None:
    shelter = name_shelter(folder / "data")
    shelter.symlink_to(folder)
    try:
        with pytest.raises(ServerError, match="belongs to another user"):
            make_shelter(folder / "data")
    finally:
        shelter.unlink()


def test_a_failed_start_shows_the_log_and_leaves_nothing_locked(folder: Path) -> None:
    with pytest.raises(ServerError, match='invalid value for parameter "shared_buffers"'):
        EmbeddedPostgres(folder / "data", settings={"shared_buffers": "plenty"}).start()
    with EmbeddedPostgres(folder / "data") as server:
        assert server.is_running


def find_socket(server: EmbeddedServer) -> Path:
    """The one place where a server listens."""
    process = psutil.Process(server.pid)
    assert process.net_connections("inet") == []
    (path,) = {connection.laddr for connection in process.net_connections("unix") if connection.laddr}
    return Path(path)


@pytest.mark.parametrize("kind", SERVERS)
def test_it_listens_on_a_socket_in_a_folder_of_its_user_s_alone(
    kind: type[EmbeddedServer], folder: Path
) -> None:
    # Longer than a socket's path may be.
    data_dir = folder / ("deep" * 40)
    with kind(data_dir) as server:
        keep_word(server)
        url, place = server.url, find_socket(server).parent
        assert (place.stat().st_mode & 0o777, place.stat().st_uid) == (0o700, choose_account().uid)
    assert not place.exists()
    with kind(data_dir) as server:
        assert (server.url, find_socket(server).parent) == (url, place)
        assert read_word(server) == "word"


def test_what_somebody_else_has_put_in_its_place_is_refused(folder: Path) -> None:
    account = choose_account()
    place = make_sockets_folder(folder, "secret", account)
    place.rmdir()
    place.symlink_to(folder)
    try:
        with pytest.raises(FileExistsError):
            make_sockets_folder(folder, "secret", account)
    finally:
        place.unlink()
    assert folder.exists()


@pytest.mark.parametrize("kind", SERVERS)
def test_a_given_port_is_used_and_a_taken_one_named(kind: type[EmbeddedServer], folder: Path) -> None:
    port = find_free_port()
    with kind(folder / "data", port=port) as server:
        assert f"127.0.0.1:{port}/" in server.url
        with pytest.raises(ServerError, match="in use"):
            kind(folder / "other", port=port).start()


def test_copies_of_a_data_folder_run_side_by_side(folder: Path) -> None:
    """As those of a checkout that was copied: both have the same password."""
    with EmbeddedRedis(folder / "data") as server:
        keep_word(server)
    shutil.copytree(folder / "data", folder / "copy")
    with EmbeddedRedis(folder / "data") as first, EmbeddedRedis(folder / "copy") as second:
        assert first.url != second.url
        assert read_word(first) == read_word(second) == "word"


@pytest.mark.parametrize("kind", SERVERS)
def test_removed_data_are_noticed(kind: type[EmbeddedServer], folder: Path) -> None:
    with kind(folder / "data") as server:
        assert server.has_data
        # Where they lie elsewhere, the link that leads to them.
        (folder / "data").rename(folder / "gone")
        assert not server.has_data
        (folder / "gone").rename(folder / "data")


def test_a_server_that_dies_is_noticed(folder: Path) -> None:
    with EmbeddedRedis(folder / "data") as server:
        os.kill(server.pid, signal.SIGKILL)
        assert wait_until(lambda: not server.is_running, timeout_seconds=HANGS_SECONDS)


@pytest.mark.parametrize("kind", SERVERS)
def test_the_password_is_kept_from_others(kind: type[EmbeddedServer], folder: Path) -> None:
    with kind(folder / "data") as server:
        password = (folder / "data" / "password").read_text()
        assert (folder / "data" / "password").stat().st_mode & 0o777 == 0o600
        assert (folder / "data").stat().st_mode & 0o777 == 0o700
        assert password in server.url
        assert password not in find_command(server.pid)


def test_nobody_gets_in_without_the_password(folder: Path) -> None:
    with EmbeddedPostgres(folder / "postgres") as server, EmbeddedRedis(folder / "valkey") as valkey:
        with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
            psycopg2.connect(re.sub(":[^:]+@", ":wrong@", server.url))
        with (
            pytest.raises(AuthenticationError),
            Redis.from_url(re.sub(":[^:]+@", "", valkey.url)) as client,
        ):
            client.ping()


def test_postgres_has_what_seatline_needs(folder: Path) -> None:
    with EmbeddedPostgres(folder / "data", settings={"work_mem": "9MB"}) as server:
        assert query(server, "SHOW work_mem") == [("9MB",)]
        assert query(server, "SHOW fsync") == [("on",)]
        assert query(server, "SELECT lower('ÄÖ'), current_database()") == [("äö", "seatline")]
        assert query(server, "SELECT count(*) > 0 FROM pg_stat_statements") == [(True,)]


def test_what_need_not_last_is_not_synced(folder: Path) -> None:
    with EmbeddedPostgres(folder / "postgres", durable=False) as server:
        assert query(server, "SHOW fsync") == [("off",)]
    with EmbeddedRedis(folder / "valkey", durable=False) as server, Redis.from_url(server.url) as client:
        assert client.config_get("appendonly")["appendonly"] == "no"
        assert client.config_get("maxmemory-policy")["maxmemory-policy"] == "noeviction"
