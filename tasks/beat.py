"""Beat's scheduler: an entry still waiting for a worker is not sent again, and none is broken off."""

import signal
from dataclasses import replace
from typing import Any

from celery.beat import ScheduleEntry, Scheduler

from core.infra.faults import Fault, wait_until_fit
from core.infra.jobs import raise_flag
from tasks.starting import find_broker_fault
from tasks.stopping import STOP_SIGNALS


class FlaggedScheduler(Scheduler):
    """Sends a periodic task only where none is on its way, so that hours without a worker leave no pile.

    It keeps its schedule in memory: every task here is idempotent and may run at any time, so there is
    nothing to remember over a restart, and no file that two beats would fight over.
    """

    _is_told_to_stop = False

    def setup_schedule(self) -> None:
        """Take the signals from Celery, which would raise SystemExit wherever it is.

        Within a client library, whose own clean-up may fail at that, it would be lost, and beat go on.
        """
        super().setup_schedule()
        for signum in STOP_SIGNALS:
            signal.signal(signum, self._note_stop)

    def tick(self, *args: Any, **options: Any) -> Any:
        """Send what is due; once a second at the least."""
        self._stop_where_told()
        return super().tick(*args, **options)

    def apply_async(self, entry: ScheduleEntry, *args: Any, **options: Any) -> Any:
        """Send the entry's task, unless its flag says that one is waiting."""
        self._stop_where_told()
        return super().apply_async(entry, *args, **options) if raise_flag(str(entry.task)) else None

    def _ensure_connected(self) -> Any:
        # Celery's own loop retries the connection without looking at SIGTERM.
        wait_until_fit(self._find_fault)
        return super()._ensure_connected()  # type: ignore[misc]

    def _find_fault(self) -> Fault | None:
        self._stop_where_told()
        fault = find_broker_fault()
        # Celery's beat would swallow SystemExit here and end with code 0; refusals are for the start.
        return replace(fault, is_lasting=False) if fault else None

    def _note_stop(self, *_: object) -> None:
        self._is_told_to_stop = True

    def _stop_where_told(self) -> None:
        if self._is_told_to_stop:
            raise SystemExit
