"""Fuzzing: whatever comes from outside, in shapes that nobody thought of. README.md tells how."""
