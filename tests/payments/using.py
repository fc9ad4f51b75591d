"""This process's payments, at a sandbox of the test's own."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from core.infra.settings import get_settings
from core.payments.providers import find_provider
from tests.payments.sandboxing import Sandbox


@contextmanager
def use(sandbox: Sandbox) -> Iterator[None]:
    """Have whatever is paid meanwhile be paid there."""
    before = os.environ.get("SANDBOX_PORT")
    os.environ["SANDBOX_PORT"] = str(sandbox.port)
    _forget()
    try:
        yield
    finally:
        if before is None:
            del os.environ["SANDBOX_PORT"]
        else:
            os.environ["SANDBOX_PORT"] = before
        _forget()


def _forget() -> None:
    get_settings.cache_clear()
    find_provider.cache_clear()
