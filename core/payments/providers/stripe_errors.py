"""Which of Stripe's errors pass, and which are its last word."""

from collections.abc import Iterator
from contextlib import contextmanager

import stripe

from core.payments.errors import ProviderRefusedError, ProviderUnavailableError

# What ends by itself, or by what an operator does at Stripe: a lock, an empty balance.
PASSING = {"lock_timeout", "balance_insufficient"}
# A key that is wrong or lacks a right says nothing of the payment, and an operator mends it; 409 is a request
# under way with the same idempotency key, 424 somebody whom Stripe stands on.
PASSING_STATUSES = {401, 403, 409, 424, 429}


@contextmanager
def translate_errors() -> Iterator[None]:
    """Raises ProviderUnavailableError or ProviderRefusedError for what Stripe's library raises within."""
    try:
        yield
    except stripe.StripeError as error:
        if is_passing(error):
            # Clients read this; what Stripe said is in the cause, for the log.
            raise ProviderUnavailableError("The payment provider is not available just now.") from error
        raise ProviderRefusedError(describe(error)) from error
    except ValueError as error:
        raise ProviderRefusedError("Stripe answered what cannot be read") from error


def is_passing(error: stripe.StripeError) -> bool:
    """Whether the same may succeed another time. Without a status nothing was heard of Stripe."""
    status = error.http_status or 0
    return not 400 <= status < 500 or status in PASSING_STATUSES or error.code in PASSING


def describe(error: stripe.StripeError) -> str:
    """Stripe's code, and its message; neither has a secret."""
    told = error.error
    code = error.code or (told.type if told else type(error).__name__)
    return f"{code}: {error.user_message}"
