"""What runs on a board: MicroPython and the fob's program, and how they get there."""
