"""What a fault is, and what several of them do."""

import random
import threading
from collections.abc import Callable, Iterable
from typing import Any

from proof.world import World

# Done to the world under load, by chance's seed; the world is healed afterwards.
Fault = Callable[[World, random.Random], None]


class SkippedError(Exception):
    """This machine lacks what the fault needs."""


def run_together(works: Iterable[Callable[[], Any]]) -> None:
    """Run these at the same time, a thread each."""
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
