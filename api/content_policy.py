"""The Content-Security-Policy of our pages: this service's own files, and Stripe's where it takes money."""

from functools import cache

BASE = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data: blob:",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "require-trusted-types-for": "'script'",
    "trusted-types": "lit-html",
}
# What Stripe's integration security guide lists for Stripe.js, but for maps, which only its address fields
# need. Stripe.js knows nothing of trusted types: its own scripts pass by the policy `default`, which the page
# that loads it makes for js.stripe.com alone.
STRIPE = {
    "script-src": "https://js.stripe.com https://*.js.stripe.com",
    "connect-src": "https://api.stripe.com",
    "frame-src": "https://js.stripe.com https://*.js.stripe.com https://hooks.stripe.com",
    "trusted-types": "default",
}


@cache
def find_policy(payment_provider: str | None) -> str:
    """The policy of a page, where payments are this provider's."""
    added = STRIPE if payment_provider == "stripe" else {}
    return "; ".join(
        f"{name} {' '.join(filter(None, (BASE.get(name), added.get(name))))}" for name in {**BASE, **added}
    )
