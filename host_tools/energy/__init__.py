"""What a fob draws from its cell, and how long that lasts."""
