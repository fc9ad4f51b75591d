"""A RabbitMQ of the machine's, run for tests."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

from kombu import Connection

from local.embedded import find_free_port
from tests.support import HANGS_SECONDS, wait_until

USUAL = Path("/usr/lib/rabbitmq/bin")


class RabbitMq:
    """A broker of our own, on free loopback ports, with its data in a folder; stop and start it at will."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self._dist_port, self._epmd_port = (find_free_port() for _ in range(3))
        self.url = f"amqp://guest:guest@127.0.0.1:{self.port}//"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        program = shutil.which("rabbitmq-server", path=f"{USUAL}{os.pathsep}{os.environ['PATH']}")
        assert program, "rabbitmq-server is not installed"
        config = self.folder / "rabbitmq.conf"
        config.write_text(f"listeners.tcp.default = 127.0.0.1:{self.port}\n")
        environment = {
            **os.environ,
            "HOME": str(self.folder),
            "RABBITMQ_NODENAME": f"seatline{self.port}@localhost",
            "RABBITMQ_CONFIG_FILE": str(config),
            # The machine's own settings are of another broker.
            "RABBITMQ_CONF_ENV_FILE": str(self.folder / "none"),
            "RABBITMQ_DIST_PORT": str(self._dist_port),
            "ERL_EPMD_PORT": str(self._epmd_port),
            "RABBITMQ_MNESIA_BASE": str(self.folder / "data"),
            "RABBITMQ_LOG_BASE": str(self.folder / "log"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.folder / "plugins"),
            "RABBITMQ_PID_FILE": str(self.folder / "pid"),
        }
        with (self.folder / "out").open("ab") as output:
            self.process = subprocess.Popen(
                [program], env=environment, stdout=output, stderr=output, start_new_session=True
            )
        wait_until(self._answers)

    def _answers(self) -> bool:
        try:
            with Connection(self.url, connect_timeout=HANGS_SECONDS) as connection:
                connection.connect()
            return True
        except OSError:
            return False

    def stop(self) -> None:
        """End it, as a crash would."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def discard(self) -> None:
        """End it and its port mapper."""
        self.stop()
        marker = str(self._epmd_port).encode()
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                is_ours = b"epmd" in (entry / "cmdline").read_bytes()
                is_ours &= b"ERL_EPMD_PORT=" + marker in (entry / "environ").read_bytes()
            except OSError:
                continue
            if is_ours:
                os.kill(int(entry.name), signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)
