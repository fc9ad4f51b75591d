"""What a fault is."""

import random
from collections.abc import Callable

from proof.world import World

# Done to the world under load, by chance's seed; the world is healed afterwards.
Fault = Callable[[World, random.Random], None]


class SkippedError(Exception):
    """This machine lacks what the fault needs."""
