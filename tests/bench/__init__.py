"""Measurements of the firmware's cryptography; no test depends on them."""
