"""Slot groups: slots that are accepted, swept, stamped and relayed together, each group by itself.

One database has one group. Of a distributed one each shard has its own, so that a server that is away stops
nobody else's shows (docs/scaling.md).
"""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import psycopg2
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core.errors import UnavailableError
from core.infra.db import primary
from core.infra.singletons import make_once
from core.infra.slots import SLOTS, to_slot

log = logging.getLogger(__name__)
T = TypeVar("T")

# A group that fails later than this was waited for; a server that is down refuses at once.
PATIENCE_SECONDS = 0.5
# The times at which this process waited for a group in vain, by its number.
_silent_since: dict[int, float] = {}

_SELECT_GROUPS = text(
    "SELECT slot_group, array_agg(slot ORDER BY slot) FROM slot_groups GROUP BY 1 ORDER BY 1"
)


class SlotGroup(NamedTuple):
    """A group by its number, and its slots; None where it has all that there are."""

    number: int
    slots: tuple[int, ...] | None = None

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters `whole` and `slots` of a statement with in_group()."""
        return {"whole": self.slots is None, "slots": list(self.slots or ())}


def in_group(table: str = "") -> str:
    """The condition that a row's slot is in a group: to a planner a list of slots, or nothing."""
    slot = f"{table}.slot" if table else "slot"
    return f"(:whole OR {slot} = ANY(cast(:slots AS smallint[])))"


def in_slot(table: str = "") -> str:
    """The condition that a row is in a slot: to a planner the slot, or nothing where one group has all.

    On one database rows are then found by what they were ever found by, and a planner does not take the slot
    for one more thing that few rows have in common.
    """
    slot = f"{table}.slot" if table else "slot"
    return f"(:whole OR {slot} = :slot)"


@make_once
def list_groups() -> list[SlotGroup]:
    """All groups, by their numbers, from 0; read once, as only a release makes others.

    Raises UnavailableError.
    """
    with primary() as connection:
        rows = connection.execute(_SELECT_GROUPS).all()
    groups = [SlotGroup(number, tuple(slots)) for number, slots in rows]
    is_whole = sum(len(group.slots or ()) for group in groups) in (0, SLOTS)
    if not is_whole or [group.number for group in groups] != list(range(len(groups))):
        raise ValueError("slot_groups has to have each slot or none, and groups from 0 on without a gap")
    return groups or [SlotGroup(0)]


@make_once
def _map_slots() -> dict[int, SlotGroup]:
    return {slot: group for group in list_groups() for slot in group.slots or ()}


def find_group(slot: int) -> SlotGroup:
    """The group of a slot. Raises UnavailableError."""
    return _map_slots().get(slot) or list_groups()[0]


def is_whole() -> bool:
    """Whether one group has all slots, as on one database. Raises UnavailableError."""
    return len(list_groups()) == 1


def of_slot(slot: int) -> dict[str, Any]:
    """The parameters `whole` and `slot` of a statement with in_slot(). Raises UnavailableError."""
    return {"whole": is_whole(), "slot": slot}


def of_show(show_id: int) -> dict[str, Any]:
    """The parameters of of_slot(), and `show_id`, of a statement about a show. Raises UnavailableError."""
    return {**of_slot(to_slot(show_id)), "show_id": show_id}


def forget_groups() -> None:
    """Read them anew: another database may have others."""
    list_groups.cache_clear()  # type: ignore[attr-defined]
    _map_slots.cache_clear()  # type: ignore[attr-defined]
    _silent_since.clear()


def for_each_group(
    run: Callable[[SlotGroup], T],
    *,
    passing: type[Exception] | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> list[T]:
    """The results of `run` for each group. A group that fails is logged and left out, unless all of them do.

    A group that does not answer keeps the others waiting, so it is asked again last, one such group a time.
    Errors of the type `passing` are no group's fault, and are raised.
    """
    groups = list_groups()
    if len(groups) == 1:
        return [run(groups[0])]
    results, failure = list[T](), None
    for group in _choose(groups):
        began = clock()
        try:
            results.append(run(group))
            _silent_since.pop(group.number, None)
        except (UnavailableError, DBAPIError, psycopg2.Error) as error:
            if passing and isinstance(error, passing):
                raise
            failure = error
            is_silent = isinstance(error, UnavailableError)
            if is_silent and clock() - began > PATIENCE_SECONDS:
                _silent_since[group.number] = clock()
            log.log(
                logging.WARNING if is_silent else logging.ERROR,
                "slot group left out",
                extra={"slot_group": group.number, "error": str(error)},
                exc_info=None if is_silent else error,
            )
    if failure and not results:
        raise failure
    return results


def _choose(groups: Sequence[SlotGroup]) -> list[SlotGroup]:
    """The groups that answered when last asked, then the one of the silent that was asked longest ago."""
    silent = sorted((_silent_since[group.number], group) for group in groups if group.number in _silent_since)
    return [group for group in groups if group.number not in _silent_since] + [g for _, g in silent[:1]]
