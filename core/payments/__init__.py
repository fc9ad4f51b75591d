"""Payments: what is asked of a buyer, what the provider says came of it, and what is given back."""
