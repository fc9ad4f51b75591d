"""The payment providers, and the one that PAYMENT_PROVIDER names."""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from typing import TypeVar, cast

import pybreaker

from core.infra import tracing
from core.infra.breaking import Breaker
from core.infra.metrics import PROVIDER_CALLS
from core.infra.settings import get_settings
from core.payments.errors import ProviderUnavailableError
from core.payments.providers.interface import Patience, Provider

T = TypeVar("T")

# A request is answered within two seconds, whatever the provider does; a task has time to try again.
IN_REQUEST, IN_TASK = Patience(seconds=1.2, retries=0), Patience(seconds=5.0, retries=1)

# Who makes each. Imported when it is needed: Stripe's library alone is tens of megabytes.
_MAKERS = {
    "sandbox": ("core.payments.providers.sandbox", "make_sandbox"),
    "stripe": ("core.payments.providers.stripe", "make_stripe"),
}

# A provider that is down or frozen is left alone, and one call in five seconds tries whether it is back.
_breaker = Breaker("payment provider", failures=(ProviderUnavailableError,), fail_max=5, reset_seconds=5)


def call_provider(name: str, patience: Patience, run: Callable[[Provider], T]) -> T:
    """What `run` makes of the provider of this name.

    Raises ProviderUnavailableError, also where it is not the one of the settings any more, and
    ProviderRefusedError.
    """
    if name != get_settings().payment_provider:
        raise ProviderUnavailableError(f"PAYMENT_PROVIDER is not {name} any more.")
    result = "failed"
    try:
        with tracing.span(f"call {name}", "CLIENT"):
            found = cast(T, _breaker.call(lambda: run(find_provider(name, patience))))
        result = "answered"
        return found
    except pybreaker.CircuitBreakerError as error:
        result = "not called"
        raise ProviderUnavailableError("The payment provider does not answer just now.") from error
    finally:
        PROVIDER_CALLS.labels(result).inc()


@cache
def find_provider(name: str, patience: Patience) -> Provider:
    """This process's provider of a name, that waits so long; not guarded by the breaker."""
    module, make = _MAKERS[name]
    return cast(Provider, getattr(import_module(module), make)(get_settings(), patience))
