"""Targets that run in this process: what the laptop tools and the simulated car read."""
