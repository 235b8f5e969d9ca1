"""What a board is, what its pins may do, and how it is wired and drawn."""
