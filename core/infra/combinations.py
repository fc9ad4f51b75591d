"""What settings have to be together; each raises ValueError that says what to mend."""

import ipaddress
from urllib.parse import parse_qs, urlsplit


def judge_provider(
    provider: str | None, *, key: str | None, secret: str | None, base: str | None, is_open: bool
) -> None:
    """Play money is for development, where all `is_open`; Stripe needs its key and its secret."""
    if provider == "sandbox" and not is_open:
        raise ValueError(
            "PAYMENT_PROVIDER=sandbox sells for play money: in production set stripe, or leave it out"
        )
    if provider == "stripe":
        for name, value in (("STRIPE_API_KEY", key), ("STRIPE_WEBHOOK_SECRET", secret)):
            if not value:
                raise ValueError(f"{name} must be set where PAYMENT_PROVIDER is stripe")
    if base and base.startswith("http://") and not (is_open or _is_loopback(base)):
        # Over plain HTTP an attacker on the path could read the API key.
        raise ValueError("STRIPE_API_BASE must begin with https:// in production, unless it is this machine")


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def judge_issuer(issuer: str, audience: str | None, *, is_open: bool) -> None:
    """An issuer of tokens needs an audience, and https:// unless all is open, as in development."""
    if not audience:
        # Else a token that any other service got from its users would open this one.
        raise ValueError(
            "OIDC_AUDIENCE must be set where OIDC_ISSUER is: tokens for others are not for Seatline"
        )
    if not (is_open or issuer.startswith("https://")):
        # Over plain HTTP an attacker on the path could replace the signing keys.
        raise ValueError("OIDC_ISSUER must begin with https:// in production")


def refuse_options(variable: str, *urls: str) -> None:
    """A pooler passes no options of a URL on."""
    if any("options" in parse_qs(urlsplit(url).query) for url in urls):
        raise ValueError(
            f"{variable} has options, which a pooler does not pass on: set them by ALTER ROLE … SET"
        )
