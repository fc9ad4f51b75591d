"""The end of a process that was told to stop, in time whatever it hangs in."""

import subprocess
import sys

from tests.support import ROOT

# As Celery's beat does it: each socket that is made from then on has a time-out.
SCRIPT = """
import os, signal, socket, time
from tasks.stopping import end_in_time
socket.setdefaulttimeout(0.05)
end_in_time(0.1)
time.sleep(0.5)
os.kill(os.getpid(), signal.SIGTERM)
time.sleep(60)
"""


def test_stop_is_heard_however_late_it_comes() -> None:
    code = f"import signal; signal.signal(signal.SIGTERM, lambda *_: None){SCRIPT}"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=False, capture_output=True, text=True, timeout=30
    )
    assert (done.returncode, done.stderr) == (0, "")
