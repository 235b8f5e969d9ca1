"""Laptop tools of the open ESP32 key fob."""

__version__ = "0.1.0"
