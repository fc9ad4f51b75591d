"""What a mutant is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mutant:
    """What is changed where, the fault under which that must show, and what the checker must call broken.

    The fault meets the very moment at which the change matters: one seed shows it as well as any other.
    """

    name: str
    fault: str
    broken: str
    changes: tuple[tuple[str, str, str], ...]
