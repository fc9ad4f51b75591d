"""Beat is told to stop while it sends: what it sends is sent, and then it stops."""

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from celery.beat import ScheduleEntry, Scheduler

from core.infra.jobs import get_celery
from tasks.beat import FlaggedScheduler


@pytest.fixture
def scheduler(database: dict[str, str]) -> Iterator[FlaggedScheduler]:
    """The scheduler of the schedule; this process's own way with signals comes back after it."""
    before = {signum: signal.getsignal(signum) for signum in (signal.SIGTERM, signal.SIGINT)}
    yield FlaggedScheduler(app=get_celery())
    for signum, handler in before.items():
        signal.signal(signum, handler)


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_what_is_being_sent_is_not_broken_off(
    scheduler: FlaggedScheduler, monkeypatch: pytest.MonkeyPatch, signum: signal.Signals
) -> None:
    sent: list[str] = []

    def send_while_told_to_stop(_: Scheduler, entry: ScheduleEntry, *args: Any, **options: Any) -> None:
        os.kill(os.getpid(), signum)
        sent.append(str(entry.task))

    monkeypatch.setattr(Scheduler, "apply_async", send_while_told_to_stop)
    entry, entry_after = list(scheduler.schedule.values())[:2]
    scheduler.apply_async(entry)
    with pytest.raises(SystemExit):
        scheduler.apply_async(entry_after)
    with pytest.raises(SystemExit):
        scheduler.tick()
    assert sent == [entry.task]
