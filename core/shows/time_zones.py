"""The IANA time zones that a show may be in: those of the package tzdata, the same on every machine."""

from functools import cache
from importlib import resources


def is_time_zone(name: str) -> bool:
    """Whether there is a time zone of exactly this name."""
    return name in _read_names()


@cache
def _read_names() -> frozenset[str]:
    return frozenset(resources.files("tzdata").joinpath("zones").read_text(encoding="utf-8").split())
