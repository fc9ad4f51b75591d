"""Three sentinels that watch a master and its replica: servers of our own, on loopback."""

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from local.embedded import find_free_port
from local.programs import find_redis_program
from tests.support import HANGS_SECONDS, wait_until

MASTER = "the-master"
SENTINELS = 3


class Watched:
    """The servers, and the URL by which a client finds their master."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self.sentinels: list[int] = []
        first = self._start({"save": '""'})
        self.servers = [first, self._start({"save": '""', "replicaof": f"127.0.0.1 {first}"})]
        for _ in range(SENTINELS):
            self.sentinels.append(self._start_sentinel(first))
        self.url = ";".join(f"sentinel://127.0.0.1:{port}" for port in self.sentinels)
        self.url += f"/0?master_name={MASTER}"
        wait_until(self._is_whole)

    def find_master(self) -> int:
        """The port of the server that the first sentinel alive calls the master."""
        for port in self.sentinels:
            if self._processes[port].poll() is None:
                with Redis(port=port, socket_timeout=HANGS_SECONDS) as sentinel:
                    return int(sentinel.sentinel_get_master_addr_by_name(MASTER)[1])
        raise AssertionError("no sentinel is alive")

    def kill_master(self) -> None:
        """End the master as a crash would; the sentinels take a second or two to name the other one."""
        self._signal(self.find_master(), signal.SIGKILL)

    def freeze(self, port: int) -> None:
        """Have a server be silent, and its port open."""
        self._signal(port, signal.SIGSTOP)

    def stop(self) -> None:
        """End them all."""
        for process in self._processes.values():
            process.kill()
            process.wait()

    def _signal(self, port: int, signum: int) -> None:
        self._processes[port].send_signal(signum)

    def _start_sentinel(self, master: int) -> int:
        return self._start(
            {
                f"sentinel monitor {MASTER}": f"127.0.0.1 {master} 2",
                f"sentinel down-after-milliseconds {MASTER}": "1000",
                f"sentinel failover-timeout {MASTER}": "5000",
            },
            "--sentinel",
        )

    def _start(self, settings: dict[str, str], *arguments: str) -> int:
        port = find_free_port()
        folder = self._folder / str(port)
        folder.mkdir()
        settings = {"bind": "127.0.0.1", "port": str(port), "dir": f'"{folder}"', **settings}
        config = folder / "server.conf"
        config.write_text("".join(f"{name} {value}\n" for name, value in settings.items()))
        with (folder / "log").open("wb") as log:
            command = [str(find_redis_program()), str(config), *arguments]
            self._processes[port] = subprocess.Popen(command, stdout=log, stderr=log)
        wait_until(lambda: _answers(port))
        return port

    def _is_whole(self) -> bool:
        for port in self.sentinels:
            with Redis(port=port, socket_timeout=HANGS_SECONDS) as sentinel:
                state = sentinel.sentinel_master(MASTER)
                if state["num-slaves"] < 1 or state["num-other-sentinels"] < SENTINELS - 1:
                    return False
        with Redis(port=self.servers[1], socket_timeout=HANGS_SECONDS) as replica:
            return replica.info("replication")["master_link_status"] == "up"


def _answers(port: int) -> bool:
    try:
        with Redis(port=port, socket_timeout=HANGS_SECONDS) as client:
            return bool(client.ping())
    except RedisError:
        return False


@contextmanager
def watch() -> Iterator[Watched]:
    """A master, its replica and three sentinels, for a while."""
    folder = Path(tempfile.mkdtemp(prefix="seatline-sentinels-"))
    watched = None
    try:
        watched = Watched(folder)
        yield watched
    finally:
        if watched:
            watched.stop()
        shutil.rmtree(folder, ignore_errors=True)
