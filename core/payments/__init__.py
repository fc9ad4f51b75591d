"""Payments: charges, the provider's reports of them, refunds, and the ledger."""
