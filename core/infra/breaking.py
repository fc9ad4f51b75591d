"""A circuit breaker that many threads call through at once."""

import threading
from collections.abc import Callable
from typing import Any

import pybreaker

from core.infra.metrics import BreakerGauge


class Breaker:
    """Lets calls through until they fail so often in a row; then one in so many seconds tries again.

    `failures` are the errors that count. pybreaker holds its lock while it calls, which would let one thread
    at a time through: so it is told of how calls ended, and makes only the one that tries whether an outage
    is over.
    """

    def __init__(
        self, name: str, *, failures: tuple[type[Exception], ...], fail_max: int, reset_seconds: float
    ) -> None:
        self.breaker = pybreaker.CircuitBreaker(
            fail_max=fail_max,
            reset_timeout=reset_seconds,
            throw_new_error_on_trip=False,
            name=name,
            listeners=[BreakerGauge(name)],
        )
        self._failures = failures
        self._trial = threading.Lock()

    def call(self, run: Callable[[], Any]) -> Any:
        """What `run` returns. Raises what it raises, and pybreaker.CircuitBreakerError while it is open."""
        if self.breaker.current_state != pybreaker.STATE_CLOSED:
            if not self._trial.acquire(blocking=False):
                raise pybreaker.CircuitBreakerError("another thread is trying")
            try:
                return self.breaker.call(run)
            finally:
                self._trial.release()
        try:
            result = run()
        except self._failures as error:
            return self.breaker.call(_fail, error)
        if self.breaker.fail_counter:
            self.breaker.call(lambda: None)
        return result


def _fail(error: Exception) -> None:
    raise error
