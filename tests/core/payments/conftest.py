"""A sandbox for tests of what is asked of a provider."""

from collections.abc import Callable, Iterator

import pytest

from core.shows.service import Show
from tests.payments.sandboxing import Sandbox, run_sandbox
from tests.payments.using import use


@pytest.fixture(scope="module")
def sandbox(servers: dict[str, str]) -> Iterator[Sandbox]:
    """One where this module's payments are paid; its webhooks come to nobody."""
    with run_sandbox() as found, use(found):
        yield found


@pytest.fixture
def show(make_show: Callable[..., Show], nothing_is_broken: None) -> Show:
    """A show that has to be paid, of ten seats "1" … "10" at 100 each."""
    return make_show(payment_required=True)
