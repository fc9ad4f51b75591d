"""Shows and the halls they take place in."""
