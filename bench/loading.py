"""Load from outside: wrk run for some seconds, and what it says of them."""

import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile

from bench.programs import find_wrk
from bench.target import BenchError

SCRIPTS = Path(__file__).parent / "wrk"
THREADS = 2
CONNECTIONS = 32
# Beside those of a closed loop, so that a paced crowd does not wait for its own answers.
PACED_CONNECTIONS = 64
# Beyond the longest that a script asks the service to wait.
TIMEOUT_SECONDS = 15
# More failed requests than this part, and the run has measured something else.
TOLERATED_ERRORS = 0.01

MILLISECONDS_OF = {"us": 0.001, "ms": 1.0, "s": 1_000.0, "m": 60_000.0}
_TOTAL = re.compile(r"(\d+) requests in ([\d.]+)(us|ms|s|m),")
_PERCENTILE = re.compile(r"^ +(\d+)% +([\d.]+)(us|ms|s|m)$", re.MULTILINE)
_SOCKET_ERRORS = re.compile(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)")
_COUNT = re.compile(r"^(\w+): (\d+)$", re.MULTILINE)
_REFUSED = re.compile(r"Non-2xx or 3xx responses: (\d+)")


@dataclass(frozen=True, slots=True)
class Load:
    """What became of a load: its requests, those that failed, and latencies in ms by percentile.

    Of those that failed some were refused: answered, but not by 2xx or 3xx. A script may count by itself.
    """

    requests: int
    seconds: float
    errors: int
    refused: int
    latency_ms: Mapping[int, float]
    counts: Mapping[str, int]

    @property
    def rate(self) -> float:
        """Requests answered a second."""
        return self.requests / self.seconds


def run_wrk(
    url: str,
    *,
    seconds: float,
    connections: int = CONNECTIONS,
    script: str | None = None,
    arguments: Sequence[object] = (),
    headers: Mapping[str, str] | None = None,
    may_refuse: bool = False,
) -> Load:
    """Load an address. Raises BenchError where it does not answer, or not well."""
    command = [find_wrk(), f"-t{THREADS}", f"-c{connections}", f"-d{max(1, round(seconds))}s", "--latency"]
    command += [f"--timeout={TIMEOUT_SECONDS}s"]
    for name, value in (headers or {}).items():
        command += ["-H", f"{name}: {value}"]
    command += ["-s", script] if script else []
    command += [url, *(["--", *map(str, arguments)] if arguments else [])]
    ran = subprocess.run(command, cwd=SCRIPTS, capture_output=True, text=True, check=False)
    load = parse_wrk(ran.stdout + ran.stderr)
    failed = load.errors - load.refused if may_refuse else load.errors
    if failed > load.requests * TOLERATED_ERRORS:
        raise BenchError(f"{failed} of {load.requests} requests to {url} failed")
    return load


def load_each(
    url: str,
    paths: Iterable[str],
    *,
    method: str = "GET",
    seconds: float,
    connections: int = CONNECTIONS,
) -> Load:
    """Load paths of an address one after the other, and again from the first. Raises BenchError likewise."""
    with NamedTemporaryFile("w", suffix=".txt") as file:
        file.writelines(f"{path}\n" for path in paths)
        file.flush()
        arguments = [file.name, method, THREADS]
        return run_wrk(url, seconds=seconds, connections=connections, script="each.lua", arguments=arguments)


def quote_end(said: str) -> str:
    """The last line that a program said, for a message of one line."""
    return (said.strip().splitlines() or ["it said nothing"])[-1]


def parse_wrk(said: str) -> Load:
    """What wrk prints with --latency. Raises BenchError where that is no result."""
    total = _TOTAL.search(said)
    if total is None or int(total[1]) == 0:
        raise BenchError(f"wrk measured nothing: {quote_end(said)}")
    sockets, found = _SOCKET_ERRORS.search(said), _REFUSED.search(said)
    errors, refused = sum(map(int, sockets.groups())) if sockets else 0, int(found[1]) if found else 0
    return Load(
        requests=int(total[1]),
        seconds=float(total[2]) * MILLISECONDS_OF[total[3]] / 1_000,
        errors=errors + refused,
        refused=refused,
        latency_ms={
            int(percent): float(amount) * MILLISECONDS_OF[unit]
            for percent, amount, unit in _PERCENTILE.findall(said)
        },
        counts={name: int(count) for name, count in _COUNT.findall(said)},
    )
