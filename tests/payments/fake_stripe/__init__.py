"""A server that speaks as Stripe does, as far as its documents say and as far as we use it.

Source: https://docs.stripe.com/api (errors, idempotent requests, expanding, pagination, Checkout Sessions,
PaymentIntents, refunds, events), https://docs.stripe.com/currencies and https://docs.stripe.com/webhooks/signature.
"""
