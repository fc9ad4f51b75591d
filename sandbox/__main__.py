"""The sandbox process: it listens on this machine alone, at SANDBOX_PORT, until it is told to stop."""

import os
import sys

from core.infra.settings import get_settings

# A bare interpreter of 9 MB takes the place of this process, whose settings alone are five times as much.
IDLE = """
import signal
signals = signal.SIGTERM, signal.SIGINT
signal.pthread_sigmask(signal.SIG_BLOCK, signals)
signal.sigwait(signals)
"""


def main() -> None:
    """Serve where the settings choose the sandbox, else wait for SIGTERM.

    It must not end: a Procfile runner takes a process that ends for a failed one.
    """
    settings = get_settings()
    if settings.payment_provider != "sandbox":
        idle(settings.payment_provider or "not set")
    # Who is idle needs none of it.
    from sandbox.serving import serve  # noqa: PLC0415

    serve(settings)


def idle(provider: str) -> None:
    """Do nothing, as another program, which ends in order when it is told to."""
    print(f"sandbox: idle, as PAYMENT_PROVIDER is {provider}", flush=True)  # noqa: T201 (for the operator)
    # The command line goes on naming what it is: by that `make run` finds what a killed run left.
    os.execv(sys.executable, [sys.executable, "-I", "-S", "-c", IDLE, *sys.orig_argv])  # noqa: S606 (no input)


if __name__ == "__main__":
    main()
