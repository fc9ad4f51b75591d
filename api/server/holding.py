"""An answer that is held back until its booking changes: no task waits for it."""

from collections.abc import Callable
from typing import Any

from api.problems import answer_error
from api.request import Request
from api.responses import Answer
from api.server.long_poll import Entered
from api.server.poll import IsDone, Seen
from core.infra import tracing

Send = Callable[[Request, Any, Answer], None]


class Held:
    """An answer that is to come, made of its booking's document by `respond`."""

    __slots__ = ("_enter", "_entered", "_is_done", "_protocol", "_request", "_respond", "_send")

    def __init__(
        self, enter: Callable[[], Entered], is_done: IsDone, respond: Callable[[Request, bytes], Answer]
    ) -> None:
        self._enter, self._is_done, self._respond = enter, is_done, respond

    def begin(self, request: Request, protocol: Any, send: Send) -> None:
        """Wait, and then have the answer sent."""
        self._request, self._protocol, self._send = request, protocol, send
        self._entered = self._enter()
        # Thousands of long polls wait; entering is over, and its objects go.
        del self._enter
        request.gone = None
        (poll,) = self._entered.polls
        poll.begin(self._is_done, self, poll.recall(self._is_done))

    def __call__(self, found: Seen | Exception) -> None:
        """Answer with the booking as found, or with the error."""
        self._entered.leave()
        # The caller is a timer, a message or another request's read: its trace is not this request's.
        with tracing.within(self._request.span):
            try:
                if isinstance(found, Exception):
                    raise found
                answer = self._respond(self._request, found.body)
            except Exception as error:
                answer = answer_error(self._request, error)
            self._send(self._request, self._protocol, answer)
