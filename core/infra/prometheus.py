"""Where processes add up what they count, for the Prometheus client: imported before metrics are made."""

import atexit
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from prometheus_client import REGISTRY, CollectorRegistry, values
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


def prepare() -> bool:
    """Give this process a folder of its own, in the one of PROMETHEUS_MULTIPROC_DIR; whether it has one.

    Where that is unset, a temporary one if METRICS_PORT is set, else none: each process counts in memory.
    What processes that were killed have left in a given one goes.
    """
    given = os.environ.get(VARIABLE)
    if not given:
        # An empty variable is the working folder to the Prometheus client.
        os.environ.pop(VARIABLE, None)
        if not os.environ.get("METRICS_PORT"):
            return False
        _use(Path(tempfile.mkdtemp(prefix="seatline-metrics-")))
        return True
    # A folder that cannot be written to is refused with the other settings, in one line.
    with suppress(OSError):
        for left in Path(given).iterdir():
            if left.name.isdecimal() and not _is_alive(int(left.name)):
                shutil.rmtree(left, ignore_errors=True)
        own = Path(given) / str(os.getpid())
        own.mkdir(exist_ok=True)
        _use(own)
        return True
    return False


def _use(folder: Path) -> None:
    os.environ[VARIABLE] = str(folder)
    owner = os.getpid()

    def remove() -> None:
        # Forked children have this too.
        if os.getpid() == owner:
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class OwnPid:
    """The number of this process without a system call: the client asks for it with each count."""

    def __init__(self) -> None:
        self._find()
        os.register_at_fork(after_in_child=self._find)

    def _find(self) -> None:
        self._pid = os.getpid()

    def __call__(self) -> int:
        """The number."""
        return self._pid


# As it is imported the client chooses between memory and files, and Celery's command, which loads Flower, has
# imported it before.
values.ValueClass = (
    values.MultiProcessValue(OwnPid()) if prepare() else values.MutexValue  # type: ignore[no-untyped-call]
)


def collect_processes() -> CollectorRegistry:
    """A registry of the metrics of this process and its forked children, added up."""
    registry = CollectorRegistry()
    if folder := os.environ.get(VARIABLE):
        _forget_dead(Path(folder))
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry.register(REGISTRY)
    return registry


def _forget_dead(folder: Path) -> None:
    """Have gauges tell no more of processes that have ended, or were killed."""
    for pid in {int(path.stem.rpartition("_")[2]) for path in folder.glob("gauge_live*_*.db")}:
        if not _is_alive(pid):
            # Another thread may do it as well.
            with suppress(FileNotFoundError):
                mark_process_dead(pid)  # type: ignore[no-untyped-call]
