"""How Stripe counts money where that is not in minor units of ISO 4217, and amounts from one to the other.

Source: https://docs.stripe.com/currencies, "Zero-decimal currencies", "Three-decimal currencies" and "Special
cases". Currencies have two decimals there unless it says otherwise.
"""

from fractions import Fraction

from iso4217 import Currency

from core.payments.errors import ProviderRefusedError
from core.shows.currencies import check_currency

# The page lists UGX as well, and lays down in its special cases that 5 UGX are 500, like 5 ISK: those rule.
# Stripe refuses what is no multiple of 100 in either.
ZERO_DECIMAL = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"}
)
# The last digit must be 0: Stripe's partners count two decimals.
THREE_DECIMAL = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})


def to_stripe(amount: int, currency: str) -> int:
    """An amount in minor units as Stripe counts it.

    Raises ProviderRefusedError where Stripe does not charge this amount exactly, or ISO 4217 has no such
    currency. Whether Stripe has it is for Stripe to say.
    """
    try:
        factor = _find_factor(currency)
    except ValueError as error:
        raise ProviderRefusedError(str(error)) from error
    counted, step = amount * factor, 10 if currency in THREE_DECIMAL else 1
    if counted.denominator != 1 or counted.numerator % step:
        raise ProviderRefusedError(f"{amount} of {currency}: Stripe charges multiples of {step / factor}")
    return counted.numerator


def from_stripe(counted: int, code: str) -> int:
    """An amount as Stripe counts it, in minor units; the code in either case.

    Raises ValueError where there is no such amount in minor units, or no such currency.
    """
    amount = counted / _find_factor(code.upper())
    if amount.denominator != 1:
        raise ValueError(f"{counted} of {code}, as Stripe counts it, is no amount in minor units")
    return amount.numerator


def _find_factor(currency: str) -> Fraction:
    """How many of Stripe's units a minor unit is."""
    decimals = 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2
    return Fraction(10) ** (decimals - (Currency(check_currency(currency)).exponent or 0))
