"""Python's garbage collector, as processes want it that serve a rush."""

import gc

# A collection looks at what was made since the last one. Who settles 2,000 bookings, or makes 100,000 seats,
# makes objects that live until it is done: to look at them every 700 is in vain, and took a worker a fifth of
# its time.
NEW_OBJECTS = 50_000


def spare_what_is_loaded() -> None:
    """After loading: what is there stays for good, and no later collection looks through it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS)
