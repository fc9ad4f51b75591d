"""`make run`: everything on one machine, from servers to a demo show, until Ctrl-C."""

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from types import FrameType

from core.infra.ports import MAX_PORT, parse_port
from core.infra.settings import Settings
from local.checks import RefusedError, check_given_servers, check_ports, check_tools, read_settings
from local.data_dirs import CHECKOUT, ServerError, hold_lock, keep_secret, write_private
from local.embedded import EmbeddedServer
from local.processes import POLL_SECONDS
from local.procfile import Processes, end_leftovers, read_procfile
from local.ready import READY_SECONDS, ask_status, find_way, format_url, is_ready
from local.servers import EmbeddedPostgres, EmbeddedRedis

WATCH_SECONDS = 0.2
WORKERS = "worker", "outbound"
COUNTING = *WORKERS, "beat"
# Made once and kept, each in a file of its own.
SECRETS = {
    "ADMIN_API_KEY": "admin-api-key",
    "SEATLINE_SECRET": "secret",
    "FLOWER_PASSWORD": "flower-password",
}
FLOWER_ADDRESS, FLOWER_PORT, FLOWER_USER = "127.0.0.1", "5555", "admin"
SANDBOX_ADDRESS = "127.0.0.1"


class Run:
    """One run, on one data folder."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._servers: dict[str, EmbeddedServer] = {}
        self._record = home / "processes.json"
        self._metrics = home / "metrics"
        self._lock = -1
        # Processes of one machine cannot share METRICS_PORT: they have it and the ports after it.
        self._own_variables: dict[str, dict[str, str]] = {}

    def run(self, stack: ExitStack) -> None:
        """Start everything, say where it is, and watch it. Raises where any of it cannot be or ends."""
        self._home.mkdir(parents=True, exist_ok=True)
        self._lock = hold_lock(self._home / "lock", f"another `make run` is using {self._home}")
        stack.callback(os.close, self._lock)
        if count := end_leftovers(self._record):
            say(f"ended {count} processes left over from a run that was killed")
        settings = self._check()
        self._set_environment()
        self._start_servers(stack)
        self._release(stack)
        show_id = self._make_demo_show()
        commands = {name: command for name, command in read_procfile().items() if name != "release"}
        say(f"Starting {', '.join(commands)}: until they are ready, only their warnings are shown")
        processes = self._start(commands, stack)
        self._await_ready(settings, processes, stack)
        base = format_url(find_way(settings.host), settings.port)
        self._keep_address(base, stack)
        self._announce(settings, base, show_id)
        processes.show_all()
        while True:
            self._watch(processes)
            time.sleep(WATCH_SECONDS)

    def _check(self) -> Settings:
        os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
        settings = read_settings()
        check_tools()
        flower_port = parse_port(os.environ.get("FLOWER_PORT") or FLOWER_PORT)
        if flower_port is None:
            raise RefusedError(f"FLOWER_PORT must be a number from 1 to {MAX_PORT}")
        flower_address = os.environ.get("FLOWER_ADDRESS") or FLOWER_ADDRESS
        ports = {"PORT": (settings.host, settings.port), "FLOWER_PORT": (flower_address, flower_port)}
        if settings.payment_provider == "sandbox":
            ports["SANDBOX_PORT"] = SANDBOX_ADDRESS, settings.sandbox_port
        if settings.metrics_port:
            for number, name in enumerate(COUNTING):
                port = settings.metrics_port + number
                ports[f"METRICS_PORT + {number}" if number else "METRICS_PORT"] = settings.host, port
                self._own_variables[name] = {"METRICS_PORT": str(port)}
        check_ports(ports)
        check_given_servers()
        return settings

    def _set_environment(self) -> None:
        """Fill in what every process is to find; whatever is set already stays."""
        shutil.rmtree(self._metrics, ignore_errors=True)
        self._metrics.mkdir()
        defaults = {"FLOWER_ADDRESS": FLOWER_ADDRESS, "FLOWER_PORT": FLOWER_PORT, "FLOWER_USER": FLOWER_USER}
        for name, value in defaults.items():
            os.environ[name] = os.environ.get(name) or value
        for name, file in SECRETS.items():
            os.environ[name] = os.environ.get(name) or keep_secret(self._home / file)
        os.environ |= {"PROMETHEUS_MULTIPROC_DIR": str(self._metrics), "PYTHONUNBUFFERED": "1"}
        os.environ["SEATLINE_HOME"] = str(self._home)

    def _start_servers(self, stack: ExitStack) -> None:
        wanted: dict[str, EmbeddedServer] = {
            "DATABASE_URL": EmbeddedPostgres(self._home / "postgres"),
            "REDIS_URL": EmbeddedRedis(self._home / "valkey"),
        }
        self._servers = {name: server for name, server in wanted.items() if not os.environ.get(name)}
        if self._servers:
            names = " and ".join(server.name for server in self._servers.values())
            say(f"Starting {names}, with the data in {self._home}")
        for variable, server in self._servers.items():
            os.environ[variable] = stack.enter_context(server).url

    def _release(self, stack: ExitStack) -> None:
        say("Bringing the database up to date, and a demo show into it")
        release = self._start({"release": read_procfile()["release"]}, stack)
        while (dead := release.find_dead()) is None:
            time.sleep(POLL_SECONDS)
        if dead[1] != 0:
            self._refuse_removed()
            release.show_held("release")
            raise RefusedError(f"the migrations failed (exit code {dead[1]}), see above")
        release.stop()

    def _make_demo_show(self) -> int:
        # A process of its own: what it imports would stay in this one's memory for as long as it runs.
        made = subprocess.run(
            [sys.executable, "-m", "local.demo"], cwd=CHECKOUT, check=False, capture_output=True
        )
        if made.returncode != 0:
            self._refuse_removed()
            raise RefusedError(f"the demo show could not be made:\n{made.stderr.decode()}")
        return int(made.stdout)

    def _start(self, commands: dict[str, str], stack: ExitStack) -> Processes:
        processes = Processes(
            commands, os.environ, self._record, own=self._own_variables, may_tell=self._has_data
        )
        stack.callback(stop_all, processes)
        processes.start()
        return processes

    def _watch(self, processes: Processes) -> None:
        self._refuse_removed()
        if dead := processes.find_dead():
            processes.show_held(dead[0])
            raise RefusedError(f"{dead[0]} stopped by itself (exit code {dead[1]}), see above")
        for server in self._servers.values():
            if not server.is_running:
                raise RefusedError(f"{server.name} stopped by itself, see {server.data_dir}/server.log")

    def _find_removed(self) -> Path | None:
        """The data folder, or what is needed of it, where that was removed meanwhile."""
        needed = {
            self._home: os.fstat(self._lock).st_nlink > 0,
            self._metrics: self._metrics.exists(),
            **{server.data_dir: server.has_data for server in self._servers.values()},
        }
        return next((path for path, is_there in needed.items() if not is_there), None)

    def _has_data(self) -> bool:
        # What processes say of removed data would bury the line that tells what happened.
        return self._find_removed() is None

    def _refuse_removed(self) -> None:
        if gone := self._find_removed():
            raise RefusedError(
                f"{gone} was removed while Seatline ran on it, so everything is stopped:"
                f" `rm -rf {shlex.quote(str(self._home))}` and `make run` begin anew, with empty data"
            )

    def _await_ready(self, settings: Settings, processes: Processes, stack: ExitStack) -> None:
        """Wait until each process can work. Raises RefusedError where web cannot in time, or one ends."""
        web = find_way(settings.host), settings.port
        flower = find_way(os.environ["FLOWER_ADDRESS"]), int(os.environ["FLOWER_PORT"])
        check = start_check_of_workers(stack)
        awaited: dict[str, Callable[[], bool]] = {
            "web": lambda: is_ready(*web),
            **{name: lambda: check.poll() == 0 for name in WORKERS},
            "flower": lambda: ask_status(*flower, "/") != 0,
        }
        if settings.payment_provider == "sandbox":
            awaited["sandbox"] = lambda: ask_status(SANDBOX_ADDRESS, settings.sandbox_port, "/") != 0
        deadline = time.monotonic() + READY_SECONDS
        while awaited := {name: is_up for name, is_up in awaited.items() if not is_up()}:
            self._watch(processes)
            if time.monotonic() > deadline:
                break
            time.sleep(WATCH_SECONDS)
        for name in awaited:
            processes.show_held(name)
        if "web" in awaited:
            raise RefusedError(f"{format_url(*web)}/readyz did not answer 200 within {READY_SECONDS} s")
        if awaited:
            say(f"Not ready within {READY_SECONDS} s, see above: {', '.join(awaited)}")

    def _keep_address(self, base: str, stack: ExitStack) -> None:
        """For `make sellout`."""
        address = self._home / "address"
        write_private(address, base)
        stack.callback(address.unlink, missing_ok=True)

    def _announce(self, settings: Settings, base: str, show_id: int) -> None:
        flower = format_url(find_way(os.environ["FLOWER_ADDRESS"]), int(os.environ["FLOWER_PORT"]))
        who = "user {FLOWER_USER}, password {FLOWER_PASSWORD}".format_map(os.environ)
        lines = {
            "Start page": f"{base}/",
            "API": base,
            "Swagger UI": f"{base}/docs",
            "Demo show": f"{base}/s/{show_id}",
            "Flower": f"{flower}  {who}",
            "Payments": _describe_payments(settings),
            "Admin key": os.environ["ADMIN_API_KEY"],
        }
        if first := settings.metrics_port:
            lines["Metrics"] = f"/metrics of {', '.join(COUNTING)}: ports {first} to {first + 2}"
        for variable in ("DATABASE_URL", "REDIS_URL"):
            # One from the environment is known already, and its password is not ours to print.
            lines[variable] = (
                os.environ[variable] if variable in self._servers else "as set in the environment"
            )
        block = "".join(f"  {name:<13} {value}\n" for name, value in lines.items())
        say(f"Seatline is running.\n\n{block}\nCtrl-C stops everything; the data stay in {self._home}")


def _describe_payments(settings: Settings) -> str:
    if settings.payment_provider == "sandbox":
        return f"{format_url(SANDBOX_ADDRESS, settings.sandbox_port)}  play money"
    return settings.payment_provider or "none"


def start_check_of_workers(stack: ExitStack) -> subprocess.Popen[bytes]:
    """A process that ends with 0 once all workers answer."""
    command = [sys.executable, "-m", "local.workers", *WORKERS]
    silent = subprocess.DEVNULL
    check = subprocess.Popen(command, cwd=CHECKOUT, stdin=silent, stdout=silent, stderr=silent)
    stack.callback(check.wait)
    stack.callback(check.kill)
    return check


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
