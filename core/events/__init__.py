"""Events: what became of each booking, written with it and read as a feed."""
