"""Targets that run on MicroPython: what the firmware reads."""
