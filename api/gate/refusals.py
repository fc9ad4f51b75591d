"""Refused credentials are counted in a metric, and logged up to a few lines a second."""

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from api.gate.credentials import read_prefix
from api.gate.key_ring import Reason
from api.metrics import count_refused_credential

if TYPE_CHECKING:
    from api.request import Request

log = logging.getLogger(__name__)

# A flood of tried keys must show in the log without filling the disk: a process writes so many lines a
# second, and the next line tells how many were left out.
LINES_A_SECOND = 5


class Refusals:
    """Tells of refused credentials. `clock` is in seconds."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._second, self._lines, self._untold = 0, 0, 0

    def tell(self, request: "Request", reason: Reason) -> None:
        """Count a refusal, and log it where few are: of the credential itself the prefix of a key at most."""
        count_refused_credential(reason)
        if (second := int(self._clock())) != self._second:
            self._second, self._lines = second, 0
        if self._lines >= LINES_A_SECOND:
            self._untold += 1
            return
        said: dict[str, Any] = {
            "reason": reason,
            "client": request.client,
            "method": request.method,
            "route": request.route,
            "request_id": request.id,
        }
        # Of a principal `client` tells which key it is.
        if request.principal is None and (prefix := read_prefix(request.credential or "")):
            said["prefix"] = prefix
        if self._untold:
            said["untold"] = self._untold
        self._lines, self._untold = self._lines + 1, 0
        log.warning("credential refused", extra=said)


tell_refusal = Refusals().tell
