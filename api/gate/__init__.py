"""The gate: who asks, and how much they may ask."""
