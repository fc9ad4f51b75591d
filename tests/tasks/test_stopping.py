"""The end of a process that was told to stop, in time whatever it hangs in."""

import subprocess
import sys

from tests.support import HANGS_SECONDS, ROOT

# As Celery's beat does it: each socket that is made from then on has a time-out.
SCRIPT = """
import os, signal, socket, threading
from tasks.stopping import end_in_time
socket.setdefaulttimeout(0.05)
end_in_time(0.1)
(stop,) = (thread for thread in threading.enumerate() if thread.name == "stop")
stop.join(0.2)
assert stop.is_alive()
os.kill(os.getpid(), signal.SIGTERM)
stop.join()
"""


def test_stop_is_heard_however_late_it_comes() -> None:
    code = f"import signal\nsignal.signal(signal.SIGTERM, lambda *_: None){SCRIPT}"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=HANGS_SECONDS,
    )
    assert (done.returncode, done.stderr) == (0, "")
