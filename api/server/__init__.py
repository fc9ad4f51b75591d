"""The web process: granian, and the one door that every request goes through."""
