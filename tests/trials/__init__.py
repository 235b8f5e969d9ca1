"""Trials of a fob's life in virtual time: power cuts, faults on the air, long seeded soaks.

Each is a command of its own (`make powercut`, `make faults`, `make soak`); `make test` runs short
versions of all.
"""
