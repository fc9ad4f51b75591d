"""Halls and their best seats, in memory: no I/O."""
