"""Proof: the real processes under load, faults injected, and a checker that must find nothing."""
