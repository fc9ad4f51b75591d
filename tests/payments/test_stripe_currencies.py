"""Stripe's way to count money: exact both ways, and as its page says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iso4217 import Currency

from core.payments.errors import ProviderRefusedError
from core.payments.providers.stripe_currencies import THREE_DECIMAL, ZERO_DECIMAL, from_stripe, to_stripe
from core.shows.currencies import CODES


@pytest.mark.parametrize(
    ("amount", "currency", "counted"),
    [
        (1000, "EUR", 1000),
        (500, "JPY", 500),
        # 5 of each: ISO 4217 gives them no decimals, Stripe two.
        (5, "ISK", 500),
        (5, "UGX", 500),
        # 5 ariary: ISO 4217 gives it two decimals, Stripe none.
        (500, "MGA", 5),
        (5120, "KWD", 5120),
        # For payouts only they have no decimals.
        (1045, "HUF", 1045),
        (1045, "TWD", 1045),
    ],
)
def test_as_the_page_says(amount: int, currency: str, counted: int) -> None:
    assert to_stripe(amount, currency) == counted
    assert from_stripe(counted, currency) == amount
    assert from_stripe(counted, currency.lower()) == amount


@pytest.mark.parametrize(
    ("amount", "currency", "step"),
    [(5124, "KWD", 10), (1, "TND", 10), (150, "MGA", 100), (199, "MGA", 100)],
)
def test_what_stripe_cannot_charge_is_refused(amount: int, currency: str, step: int) -> None:
    with pytest.raises(ProviderRefusedError, match=f"multiples of {step}$"):
        to_stripe(amount, currency)


@pytest.mark.parametrize(("counted", "code"), [(550, "isk"), (1, "ugx")])
def test_what_is_no_amount_of_ours_is_none(counted: int, code: str) -> None:
    with pytest.raises(ValueError, match="no amount in minor units"):
        from_stripe(counted, code)


@pytest.mark.parametrize("code", ["XXX", "XAU", "QQQ", ""])
def test_what_is_no_currency(code: str) -> None:
    with pytest.raises(ProviderRefusedError):
        to_stripe(100, code)
    with pytest.raises(ValueError, match="currency"):
        from_stripe(100, code)


@given(st.integers(0, 10**12), st.sampled_from(sorted(CODES)))
def test_what_is_sent_comes_back_as_it_was(amount: int, currency: str) -> None:
    try:
        counted = to_stripe(amount, currency)
    except ProviderRefusedError:
        # Only where Stripe has fewer decimals than ISO 4217, or wants the last one to be 0.
        exponent = Currency(currency).exponent
        assert amount % 100
        assert exponent is not None
        assert exponent > 2 or currency == "MGA"
    else:
        assert from_stripe(counted, currency) == amount


@given(st.integers(0, 10**12), st.sampled_from(sorted(CODES)))
def test_what_comes_is_sent_back_as_it_was(counted: int, currency: str) -> None:
    try:
        amount = from_stripe(counted, currency)
    except ValueError:
        assert counted % 100
        assert Currency(currency).exponent == 0
    else:
        if currency not in THREE_DECIMAL or counted % 10 == 0:
            assert to_stripe(amount, currency) == counted


@given(st.sampled_from(sorted(CODES)), st.integers(0, 10**9))
def test_whole_units_are_the_same_money(currency: str, units: int) -> None:
    decimals = 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2
    exponent = Currency(currency).exponent
    assert exponent is not None
    assert to_stripe(units * 10**exponent, currency) == units * 10**decimals
