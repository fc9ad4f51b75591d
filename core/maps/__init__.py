"""Seat maps and lists as clients read them, and their cache."""
