"""A payment provider for play money, on this machine: Seatline runs with it where no real one is wanted."""
