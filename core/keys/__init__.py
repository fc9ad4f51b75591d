"""Keys of the API: who has one, what role, and until when."""
