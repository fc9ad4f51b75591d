"""Statements for many clients at once, each of whom is told what came of its own part."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import psycopg2

from core.errors import InvalidRequestError, SeatlineError, UnavailableError
from core.infra.db import ROLLED_BACK, get_sqlstate

log = logging.getLogger(__name__)
T = TypeVar("T")
R = TypeVar("R")
S = TypeVar("S")
Run = Callable[[Sequence[T]], Awaitable[Sequence[R]]]

# SQLSTATE classes that one item's value may cause: data exceptions (22), constraint violations (23), program
# limits (54). Any other error is the statement's, and would fail each half as well.
SPOILT_BY_ONE = frozenset({"22", "23", "54"})
# Of these the value itself is refused, every time.
REFUSED_VALUES = frozenset({"22", "54"})
# Whoever has a lock commits within milliseconds, or is frozen: the one that waits for it is tried again so
# often, each time for as long as the connection waits for a lock (core/infra/async_db.py), with a pause.
TRIES, PAUSE_SECONDS = 3, 0.01
ROUNDS = 3


async def judge_all(
    run: Run[T, R],
    judge: Callable[[T, R], S | SeatlineError | None],
    items: Sequence[T],
    *,
    lost: SeatlineError | None = None,
) -> list[S | SeatlineError]:
    """What came of each item by what `run` found of it; refusals as run_apart() has them.

    `judge` returns None for one that lost to another, which is then run again and finds what that one did. Of
    those that are run together one at least loses to nobody. With `lost` they are run a few times, and then
    get that: whoever asks again goes with the next group, and keeps nobody of this one waiting.
    """
    outcomes: dict[int, S | SeatlineError] = {}
    rounds = 0
    while left := [number for number in range(len(items)) if number not in outcomes]:
        if lost is not None and rounds == ROUNDS:
            outcomes |= dict.fromkeys(left, lost)
            break
        rounds += 1
        found = await run_apart(run, [items[number] for number in left])
        for number, each in zip(left, found, strict=True):
            outcome = each if isinstance(each, SeatlineError) else judge(items[number], each)
            if outcome is not None:
                outcomes[number] = outcome
    return [outcomes[number] for number in range(len(items))]


async def run_apart(run: Run[T, R], items: Sequence[T]) -> list[R | SeatlineError]:
    """What `run`, a statement that commits by itself, comes to for each item: its result, or what refuses it.

    Where the statement was rolled back, the items are run by halves. UnavailableError for all of them where
    nobody knows whether it was committed.
    """
    if not items:
        return []
    try:
        return list(await run(items))
    except UnavailableError as error:
        if get_sqlstate(error) not in ROLLED_BACK:
            return [error] * len(items)
        if len(items) == 1:
            return [await _insist(run, items)]
    except (psycopg2.Error, ValueError) as error:
        if len(items) == 1 or not _is_spoilt_by_one(error):
            return [_refuse(error)] * len(items)
    middle = len(items) // 2
    return [*await run_apart(run, items[:middle]), *await run_apart(run, items[middle:])]


async def _insist(run: Run[T, R], items: Sequence[T]) -> R | SeatlineError:
    for _ in range(TRIES):
        await asyncio.sleep(PAUSE_SECONDS)
        try:
            (result,) = await run(items)
            return result
        except UnavailableError as error:
            refusal = error
            if get_sqlstate(error) not in ROLLED_BACK:
                break
    return refusal


def _is_spoilt_by_one(error: psycopg2.Error | ValueError) -> bool:
    # The driver does not even send what is no text to PostgreSQL: a NUL, half a surrogate pair.
    return isinstance(error, ValueError) or (error.pgcode or "")[:2] in SPOILT_BY_ONE


def _refuse(error: psycopg2.Error | ValueError) -> SeatlineError:
    sqlstate = get_sqlstate(error)
    log.error("refused by the database", extra={"sqlstate": sqlstate})
    if isinstance(error, ValueError) or (sqlstate or "")[:2] in REFUSED_VALUES:
        return InvalidRequestError("One of the values cannot be kept.")
    return SeatlineError("An unexpected error occurred; it has been logged.")
