"""Trials of a fob's life in virtual time: power cuts, faults on the air, long seeded soaks.

Each is a package and a command of its own (`make powercut`, `make faults`, `make soak`), which says
what it claims: `trial` has the cases and performs one, `table` shows what came out, and `runner`
spreads them over the cores. `make test` runs short versions of all.
"""
