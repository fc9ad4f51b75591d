"""The seats of a show and the choice among them."""
