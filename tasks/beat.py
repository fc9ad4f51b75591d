"""Beat's scheduler: an entry still waiting for a worker is not sent again."""

from typing import Any

from celery.beat import ScheduleEntry, Scheduler

from core.jobs import raise_flag


class FlaggedScheduler(Scheduler):
    """Sends a periodic task only where none is on its way, so that hours without a worker leave no pile.

    It keeps its schedule in memory: every task here is idempotent and may run at any time, so there is
    nothing to remember over a restart, and no file that two beats would fight over.
    """

    def apply_async(self, entry: ScheduleEntry, *args: Any, **options: Any) -> Any:
        """Send the entry's task, unless its flag says that one is waiting."""
        return super().apply_async(entry, *args, **options) if raise_flag(str(entry.task)) else None
