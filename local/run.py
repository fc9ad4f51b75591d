"""`make run`: everything on one machine, from servers to a demo show, until Ctrl-C."""

import http.client
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from types import FrameType

from core.infra.settings import Settings
from local.checks import RefusedError, check_given_servers, check_port, check_tools, read_settings
from local.data_dirs import CHECKOUT, ServerError, hold_lock, keep_secret
from local.embedded import EmbeddedServer
from local.processes import POLL_SECONDS
from local.procfile import Processes, end_leftovers, read_procfile
from local.servers import EmbeddedPostgres, EmbeddedRedis

READY_SECONDS = 60
WATCH_SECONDS = 0.2
FLOWER_ADDRESS, FLOWER_PORT, FLOWER_USER = "127.0.0.1", "5555", "admin"
ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 (compared with, not bound)


class Run:
    """One run, on one data folder."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._servers: dict[str, EmbeddedServer] = {}
        self._record = home / "processes.json"

    def run(self, stack: ExitStack) -> None:
        """Start everything, say where it is, and watch it. Raises where any of it cannot be or ends."""
        self._home.mkdir(parents=True, exist_ok=True)
        stack.callback(os.close, hold_lock(self._home / "lock", f"another `make run` is using {self._home}"))
        if count := end_leftovers(self._record):
            say(f"ended {count} processes left over from a run that was killed")
        settings = self._check()
        self._set_environment()
        self._start_servers(stack)
        self._release(stack)
        show_id = self._make_demo_show()
        commands = {name: command for name, command in read_procfile().items() if name != "release"}
        processes = self._start(commands, stack)
        address = "127.0.0.1" if settings.host in ANY_ADDRESS else settings.host
        self._await_ready(address, settings.port, processes)
        self._announce(f"http://{address}:{settings.port}", show_id)
        while True:
            self._watch(processes)
            time.sleep(WATCH_SECONDS)

    def _check(self) -> Settings:
        os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
        settings = read_settings()
        check_tools()
        check_port("PORT", settings.host, settings.port)
        flower_port = os.environ.get("FLOWER_PORT") or FLOWER_PORT
        if not flower_port.isdecimal():
            raise RefusedError("FLOWER_PORT must be a number")
        check_port("FLOWER_PORT", os.environ.get("FLOWER_ADDRESS") or FLOWER_ADDRESS, int(flower_port))
        check_given_servers()
        return settings

    def _set_environment(self) -> None:
        """Fill in what every process is to find; whatever is set already stays."""
        metrics = self._home / "metrics"
        shutil.rmtree(metrics, ignore_errors=True)
        metrics.mkdir()
        defaults = {"FLOWER_ADDRESS": FLOWER_ADDRESS, "FLOWER_PORT": FLOWER_PORT, "FLOWER_USER": FLOWER_USER}
        for name, value in defaults.items():
            os.environ[name] = os.environ.get(name) or value
        for name, file in (("ADMIN_API_KEY", "admin-api-key"), ("FLOWER_PASSWORD", "flower-password")):
            os.environ[name] = os.environ.get(name) or keep_secret(self._home / file)
        os.environ |= {"PROMETHEUS_MULTIPROC_DIR": str(metrics), "PYTHONUNBUFFERED": "1"}

    def _start_servers(self, stack: ExitStack) -> None:
        wanted = {
            "DATABASE_URL": EmbeddedPostgres(self._home / "postgres"),
            "REDIS_URL": EmbeddedRedis(self._home / "valkey"),
        }
        for variable, server in wanted.items():
            if not os.environ.get(variable):
                os.environ[variable] = stack.enter_context(server).url
                self._servers[variable] = server

    def _release(self, stack: ExitStack) -> None:
        release = self._start({"release": read_procfile()["release"]}, stack)
        while (dead := release.find_dead()) is None:
            time.sleep(POLL_SECONDS)
        release.stop()
        if dead[1] != 0:
            raise RefusedError(f"the migrations failed (exit code {dead[1]}), see above")

    def _make_demo_show(self) -> int:
        # A process of its own: what it imports would stay in this one's memory for as long as it runs.
        made = subprocess.run(
            [sys.executable, "-m", "local.demo"], cwd=CHECKOUT, check=False, capture_output=True
        )
        if made.returncode != 0:
            raise RefusedError(f"the demo show could not be made:\n{made.stderr.decode()}")
        return int(made.stdout)

    def _start(self, commands: dict[str, str], stack: ExitStack) -> Processes:
        processes = Processes(commands, os.environ, self._record)
        stack.callback(stop_all, processes)
        processes.start()
        return processes

    def _watch(self, processes: Processes) -> None:
        if dead := processes.find_dead():
            raise RefusedError(f"{dead[0]} stopped by itself (exit code {dead[1]}), see above")
        for server in self._servers.values():
            if not server.is_running:
                raise RefusedError(f"{server.name} stopped by itself, see {server.data_dir}/server.log")

    def _await_ready(self, address: str, port: int, processes: Processes) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not is_ready(address, port):
            self._watch(processes)
            if time.monotonic() > deadline:
                raise RefusedError(
                    f"http://{address}:{port}/readyz did not answer 200 within {READY_SECONDS} s"
                )
            time.sleep(WATCH_SECONDS)

    def _announce(self, base: str, show_id: int) -> None:
        flower = "http://{FLOWER_ADDRESS}:{FLOWER_PORT}  user {FLOWER_USER}, password {FLOWER_PASSWORD}"
        lines = {
            "API": base,
            "Swagger UI": f"{base}/docs",
            "Demo show": f"{base}/shows/{show_id}",
            "Flower": flower.format_map(os.environ),
            "Admin key": os.environ["ADMIN_API_KEY"],
        }
        for variable in ("DATABASE_URL", "REDIS_URL"):
            # One from the environment is known already, and its password is not ours to print.
            lines[variable] = (
                os.environ[variable] if variable in self._servers else "as set in the environment"
            )
        block = "".join(f"  {name:<13} {value}\n" for name, value in lines.items())
        say(f"Seatline is running.\n\n{block}\nCtrl-C stops everything; the data stay in {self._home}")


def is_ready(address: str, port: int) -> bool:
    """Whether the web process says that it can serve."""
    connection = http.client.HTTPConnection(address, port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def stop_all(processes: Processes) -> None:
    """End the processes, and name those that would not."""
    for name in processes.stop():
        say(f"{name} could not be stopped whole")


def say(text: str) -> None:
    """Print at once, also where nobody reads any more."""
    with suppress(OSError):
        print(text, flush=True)


def handle_signals(action: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
    """Have Ctrl-C, SIGTERM and the terminal's closing do the same."""
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, action)


def leave(_signum: int, _frame: FrameType | None) -> None:
    """Leave by KeyboardInterrupt, once: a second signal must not cut the clearing up short."""
    handle_signals(signal.SIG_IGN)
    raise KeyboardInterrupt


def main() -> int:
    """Run until a signal (0) or until something fails (1, after one line that says what)."""
    handle_signals(leave)
    os.chdir(CHECKOUT)
    home = Path(os.environ.get("SEATLINE_HOME") or CHECKOUT / ".seatline").absolute()
    try:
        with ExitStack() as stack:
            try:
                Run(home).run(stack)
            finally:
                handle_signals(signal.SIG_IGN)
    except KeyboardInterrupt:
        say("Everything is stopped.")
    except (RefusedError, ServerError, OSError) as error:
        print(f"seatline: {error}", file=sys.stderr, flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
