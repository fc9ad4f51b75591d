"""How many clients are connected to this `web`, as the kernel knows it."""

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from core.infra.settings import get_settings

TABLES = Path("/proc/net/tcp"), Path("/proc/net/tcp6")


class ConnectionsCollector(Collector):
    """Connections to PORT, of all processes of this `web`: the server never tells of those it holds."""

    def collect(self) -> Iterator[Metric]:
        """The gauge; none where the kernel has no such tables, as on macOS."""
        if (connections := count_connections(get_settings().port)) is not None:
            yield GaugeMetricFamily("seatline_connections", "Connections of clients", value=connections)


def count_connections(port: int, tables: Iterable[Path] = TABLES) -> int | None:
    """Established connections to a port of this machine, or of this container; None where that is unknown."""
    # Local and remote address, and the state: 01 is established.
    ours = re.compile(rb":%04X [0-9A-F]+:[0-9A-F]{4} 01 " % port)
    found = None
    for table in tables:
        with suppress(OSError):
            found = (found or 0) + len(ours.findall(table.read_bytes()))
    return found
