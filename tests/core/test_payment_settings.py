"""Settings that choose who takes the money: nobody does by mistake, and no process starts that could not."""

import pytest

from tests.core.test_settings import GOOD, start

STRIPE = {
    "PAYMENT_PROVIDER": "stripe",
    "STRIPE_API_KEY": "sk_test_s3cret",
    "STRIPE_WEBHOOK_SECRET": "whsec_s3cret",
}


@pytest.mark.parametrize(
    ("environment", "provider"), [("development", "sandbox"), ("production", None), ("", "sandbox")]
)
def test_without_a_word_nobody_takes_money(environment: str, provider: str | None) -> None:
    started = start({**GOOD, "SEATLINE_ENV": environment}, "print(get_settings().payment_provider)")
    assert (started.stdout, started.stderr) == (f"{provider}\n", "")


def test_play_money_is_refused_in_production() -> None:
    started = start({**GOOD, "SEATLINE_ENV": "production", "PAYMENT_PROVIDER": "sandbox"})
    assert started.returncode == 1
    assert started.stderr.startswith("seatline: PAYMENT_PROVIDER=sandbox sells for play money")
    assert started.stderr.count("\n") == 1


@pytest.mark.parametrize("environment", ["development", "production"])
def test_stripe_wants_its_key_and_its_secret(environment: str) -> None:
    variables = {**GOOD, **STRIPE, "SEATLINE_ENV": environment}
    assert start(variables, "print(get_settings().payment_provider)").stdout == "stripe\n"
    for name in ("STRIPE_API_KEY", "STRIPE_WEBHOOK_SECRET"):
        started = start({**variables, name: ""})
        told = f"seatline: {name} must be set where PAYMENT_PROVIDER is stripe\n"
        assert (started.returncode, started.stderr) == (1, told)


def test_its_secrets_are_not_in_what_is_printed() -> None:
    started = start({**GOOD, **STRIPE}, "print(repr(get_settings()))")
    assert "payment_provider='stripe'" in started.stdout
    assert "s3cret" not in started.stdout
