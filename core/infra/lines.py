"""Log lines of the event loop, written by a thread: a log that is not read must not hold requests up."""

import os
import select
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from multiprocessing.util import Finalize

# Several processes write into one pipe. So many bytes at once are not torn by another's (POSIX, PIPE_BUF).
WHOLE_BYTES = select.PIPE_BUF
# Lines gather for so long, since each turn of the thread takes the interpreter from the loop.
GATHER_SECONDS = 0.05
# Beyond, the reader is taken to hang: further lines are dropped.
MOST_LINES = 20_000
# A process that ends waits so long for its reader.
END_SECONDS = 1.0


class LineWriter:
    """Writes lines to a file descriptor, stderr unless told otherwise, in their order."""

    def __init__(self, file: int = 2) -> None:
        self._file = file
        self._waiting: deque[bytes] = deque()
        self._is_filled, self._is_over = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def write(self, line: bytes) -> bool:
        """Have a line written soon, which ends in a newline; False where too many wait, and it is dropped."""
        if len(self._waiting) >= MOST_LINES:
            return False
        self._waiting.append(line)
        if self._thread is None:
            self._begin()
        if not self._is_filled.is_set():
            self._is_filled.set()
        return True

    def end(self) -> None:
        """Write what waits, for a second at most; lines that come later may be lost."""
        self._is_over.set()
        self._is_filled.set()
        if self._thread is not None:
            self._thread.join(END_SECONDS)

    def _begin(self) -> None:
        # At the first line, and so after any fork.
        self._thread = threading.Thread(target=self._run, name="lines", daemon=True)
        self._thread.start()
        # Python's atexit does not run in the web server's workers, which multiprocessing forks.
        Finalize(None, self.end, exitpriority=1)

    def _run(self) -> None:
        while not self._is_over.is_set() or self._waiting:
            self._is_filled.wait()
            self._is_over.wait(GATHER_SECONDS)
            self._is_filled.clear()
            lines = [self._waiting.popleft() for _ in range(len(self._waiting))]
            # A stderr that was closed takes nothing; requests go on.
            with suppress(OSError):
                for piece in _join(lines):
                    os.write(self._file, piece)


def _join(lines: Sequence[bytes]) -> Iterator[bytes]:
    """The lines in pieces that are written whole; a longer line is one alone."""
    piece: list[bytes] = []
    size = 0
    for line in lines:
        if piece and size + len(line) > WHOLE_BYTES:
            yield b"".join(piece)
            piece, size = [], 0
        piece.append(line)
        size += len(line)
    if piece:
        yield b"".join(piece)
